"""The parts of the recorder: a thread per meter that reads, one that writes, and nothing shared but queues."""
