"""A training of twenty steps whose batches two devices halve, and the same by one that computes both halves."""

import torch
from torch.nn import functional

from workloads import data
from workloads.job import Job
from workloads.pruning import fresh
from workloads.training import begin, penalise

CPU = torch.device("cpu")
JOB = Job("vgg16", "synthetic", seed=3, width=0.0625, limit=157, epochs=1, batch_size=8, lr=0.05)
TRAINING = JOB.training("search", sparsity=1e-3)  # 20 steps; the last batch of five is halved into two and three
DEVICES = 2


def batches():
    return data.load("synthetic", TRAINING.limit).batches(CPU, augment=True)


def state():
    return begin(fresh(TRAINING, 10), TRAINING, 0, {}, CPU)


def by_one_process():
    """The network after the same steps: statistics per half, of which the first are kept, and gradients averaged."""
    trained = state()
    model, optimizer, steps = trained.model.train(), trained.optimizer, 0
    for images, labels in batches().train(TRAINING.seed, 0, TRAINING.batch_size):
        optimizer.zero_grad()
        kept = None
        for rank in range(DEVICES):
            own = slice(len(labels) * rank // DEVICES, len(labels) * (rank + 1) // DEVICES)
            loss = functional.cross_entropy(model(images[own]), labels[own], reduction="sum") / len(labels)
            loss.backward()
            kept = kept or {name: values.clone() for name, values in model.named_buffers()}
        for name, values in model.named_buffers():
            values.copy_(kept[name])
        penalise(model.batchnorms(), TRAINING.sparsity)
        optimizer.step()
        steps += 1
    return model, steps
