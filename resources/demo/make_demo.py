"""Trains the two checkpoints of ``ckpt-gui demo``: ``python resources/demo/make_demo.py`` (half a minute).

A character-level transformer learns a short text. Epochs 0 to 2 train all of it; from epoch 3 on its
embeddings (tied to its head) and first block are frozen. In epoch 4 two things go wrong, and after 30
steps somebody stops the run. Both can be found by comparing the files:

- the learning rate of one group is mistyped, 3.0 for 0.003: ``blocks.2.mlp.down`` blows up, and the loss with it;
- unit 7 of ``blocks.1.mlp.up`` is switched off: a row of zeros.

The run pretends to have happened on a GPU: what such a run keeps there is tagged ``cuda:0``; the seeds'
states and Adam's step counts stay on the CPU, as they do in life. Everything is seeded, but another
torch may round differently: the files that are committed are the ones that count.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

TEXT = """
A checkpoint is a letter from a run that has ended. It tells what the network knew, how fast it was
learning, and which dice it was about to throw. Most letters are never read. They are loaded, and the
run goes on, or they are lost, and nobody knows why. Read yours. See which layers sleep, which ones
shout, and which changed since yesterday.
"""
ALPHABET = sorted(set(TEXT))
CONTEXT, WIDTH, HEADS, BLOCKS = 48, 32, 4, 3
STEPS_AN_EPOCH, BATCH = 150, 16
DEAD_UNIT = 7


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)
        self.register_buffer("mask", torch.ones(CONTEXT, CONTEXT, dtype=torch.bool).tril())

    def forward(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=self.mask[:length, :length])
        return self.proj(mixed.transpose(1, 2).reshape(batch, length, WIDTH))


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(WIDTH, 3 * WIDTH)
        self.down = nn.Linear(3 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(functional.relu(self.up(x)))


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attn, self.mlp = Attention(), Mlp()

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tok_emb = nn.Embedding(len(ALPHABET), WIDTH)
        self.pos_emb = nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, len(ALPHABET), bias=False)
        nn.init.normal_(self.tok_emb.weight, std=0.1)
        self.head.weight = self.tok_emb.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.tok_emb(tokens) + self.pos_emb.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def train(net: Network, optimizer: torch.optim.Optimizer, steps: int, *, dead_unit: int | None = None) -> float:
    """The mean loss of the last ten steps."""
    tokens = torch.tensor([ALPHABET.index(char) for char in TEXT])
    losses = []
    for _ in range(steps):
        starts = random.choices(range(len(tokens) - CONTEXT), k=BATCH)
        batch = torch.stack([tokens[start : start + CONTEXT + 1] for start in starts])
        loss = functional.cross_entropy(net(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if dead_unit is not None:
            with torch.no_grad():
                net.blocks[1].mlp.up.weight[dead_unit] = 0
                net.blocks[1].mlp.up.bias[dead_unit] = 0
        losses.append(loss.item())
    return sum(losses[-10:]) / 10


def tag_as_gpu(storages: set[int]) -> None:
    """From now on ``torch.save`` tags the storages at these addresses ``cuda:0``."""

    def tag(storage: Any) -> str | None:
        return "cuda:0" if storage.data_ptr() in storages else None

    # Tags are asked for in order of priority, the CPU's own at 10; None leaves it to the next.
    torch.serialization.register_package(5, tag, lambda _storage, _location: None)


def main() -> None:
    args = argparse.Namespace(
        run="demo", dataset="letter.txt", seed=20, width=WIDTH, heads=HEADS, blocks=BLOCKS, context=CONTEXT,
        batch=BATCH, epochs=5, lr=0.003, betas=(0.9, 0.99), frozen=["tok_emb", "pos_emb", "blocks.0"], device="cuda:0",
    )  # fmt: skip
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    random.seed(args.seed)
    net = Network()
    history = []
    on_gpu: set[int] = set()
    tag_as_gpu(on_gpu)

    optimizer = torch.optim.AdamW(net.parameters(), lr=args.lr, betas=args.betas)
    for epoch in range(3):
        history.append({"epoch": epoch, "loss": round(train(net, optimizer, STEPS_AN_EPOCH), 4)})

    for module in (net.tok_emb, net.pos_emb, net.blocks[0]):
        module.requires_grad_(False)
    down = net.blocks[2].mlp.down
    apart = {id(parameter) for parameter in down.parameters()}
    rest = [p for p in net.parameters() if p.requires_grad and id(p) not in apart]
    optimizer = torch.optim.AdamW([{"params": rest}, {"params": down.parameters()}], lr=args.lr, betas=args.betas)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10)
    for epoch in (3, 4):
        steps, dead_unit = STEPS_AN_EPOCH, None
        if epoch == 4:
            steps, dead_unit = 30, DEAD_UNIT
            optimizer.param_groups[1]["lr"] = 3.0  # 0.003 was meant
        loss = train(net, optimizer, steps, dead_unit=dead_unit)
        scheduler.step()
        history.append({"epoch": epoch, "loss": round(loss, 4)})
        checkpoint = {
            "epoch": epoch,
            "global_step": epoch * STEPS_AN_EPOCH + steps,
            "loss": loss,
            "best_loss": min(entry["loss"] for entry in history),
            "model_state_dict": net.state_dict(),
            "optimizer_state_dict": optimizer.state_dict(),
            "scheduler_state_dict": scheduler.state_dict(),
            "history": history,
            "args": args,
            "vocabulary": ALPHABET,
            "rng_state": {"torch": torch.get_rng_state(), "python": random.getstate()},
        }
        moments = [state[name] for state in optimizer.state.values() for name in ("exp_avg", "exp_avg_sq")]
        on_gpu.update(tensor.untyped_storage().data_ptr() for tensor in [*net.state_dict().values(), *moments])
        path = Path(__file__).with_name(f"epoch_{epoch:03}.ckpt")
        torch.save(checkpoint, path)
        print(f"{path.name}: {path.stat().st_size:,} bytes, loss {loss:.3f}")


if __name__ == "__main__":
    main()
