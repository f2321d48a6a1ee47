"""What a study will take, before and while it runs: FLOPs, time and energy, each with what it rests on."""
