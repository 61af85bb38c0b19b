"""Which part of a network learns, found from the order of its own blocks, and in which mode."""

import difflib
from collections.abc import Sequence

from torch import nn

from foldline.errors import UserError

# from a small share of the parameters to all of them; docs/advise.md says which is for what
PRESETS = ("head", "last_blocks", "all_but_first", "all")

# a network in fewer blocks is looked at more closely, as `features` alone says nothing
_FEWEST_BLOCKS = 3

# the first and the last blocks are a quarter of all each: one of the four stages of a ResNet
_GROUPS = 4


def freeze(model: nn.Module, train: str, *, head: str) -> None:
    """Freeze all but a part: a word of `PRESETS`, or everything from the block `train` up.

    `head`: the last layer. `last_blocks`: the last quarter of the blocks, at least one, and the
    head. `all_but_first`: all but the stem and the first quarter of the blocks. `all`: everything.
    The head learns in every case. Raises `UserError` naming the blocks there are.
    """
    if train in PRESETS:
        depths = find_depths(model, head=head)
        start = _find_start(max(depths.values()) - 1, train)
        learning = {name for name, depth in depths.items() if depth >= start}
    else:
        learning = _list_from(model, train, head=head)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in learning)


def find_depths(model: nn.Module, *, head: str) -> dict[str, int]:
    """Return the depth of each parameter: 0 in the stem, 1 to n in the blocks, n + 1 in the head.

    A block is a module of two or more layers with weights, at the outermost level that has three
    of them after the stem. What stands between blocks, such as a norm or a layer that halves the
    picture, belongs to the block before it; what stands before the first is the stem. A network
    of single layers, such as AlexNet, has these for blocks.
    """
    parts = _divide(model, head)
    blocks = _choose_blocks(model, parts, layers=2)
    if len(blocks) < _FEWEST_BLOCKS:
        blocks = _choose_blocks(model, parts, layers=1)
    depth, depths = 0, {}
    for name, _ in model.named_parameters():
        part = next((part for part in [*parts, head] if name.startswith(f"{part}.")), None)
        if part in blocks:
            depth = blocks.index(part) + 1
        depths[name] = len(blocks) + 1 if part == head else depth
    return depths


def _find_start(num_blocks: int, preset: str) -> int:
    """Return the depth from which on parameters learn."""
    group = max(1, num_blocks // _GROUPS)
    starts = {"head": num_blocks + 1, "all_but_first": group + 1, "all": 0}
    # of a network of very few blocks no more than `all_but_first`
    starts["last_blocks"] = max(num_blocks + 1 - group, group + 1)
    return min(starts[preset], num_blocks + 1)


def _divide(model: nn.Module, head: str) -> list[str]:
    """Return the modules before the head, in order, opened until there are blocks among them."""
    parts = _list_children(model, "")
    while True:
        around_head = [part for part in parts if head.startswith(f"{part}.")]
        others = [part for part in parts if part != head]
        openable = [
            part
            for part in others
            if _count_layers(model.get_submodule(part)) > 1 and _list_children(model, part)
        ]
        if around_head:
            chosen = around_head[0]
        elif len(_choose_blocks(model, others, layers=2)) < _FEWEST_BLOCKS and openable:
            chosen = max(openable, key=lambda part: _count_numbers(model.get_submodule(part)))
        else:
            return others
        position = parts.index(chosen)
        parts[position : position + 1] = _list_children(model, chosen)


def _choose_blocks(model: nn.Module, parts: Sequence[str], *, layers: int) -> list[str]:
    """Return the parts of at least so many layers, without a first one that is the stem."""
    counts = {part: _count_layers(model.get_submodule(part)) for part in parts}
    weighty = [part for part in parts if counts[part]]
    blocks = [part for part in parts if counts[part] >= layers]
    return blocks[1:] if blocks and blocks[0] == weighty[0] else blocks


def _list_children(model: nn.Module, part: str) -> list[str]:
    """Return the dotted names of the modules with parameters directly in `part`."""
    prefix = f"{part}." if part else ""
    children = model.get_submodule(part).named_children()
    return [prefix + name for name, child in children if any(True for _ in child.parameters())]


def _count_layers(module: nn.Module) -> int:
    """Count matrices and filters, but not norms and scales, which have one number a channel."""
    shapes = [parameter.shape for parameter in module.parameters()]
    return sum(sum(size > 1 for size in shape) > 1 for shape in shapes)


def _count_numbers(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _list_from(model: nn.Module, block: str, *, head: str) -> set[str]:
    """Return the names of the parameters from `block` up and of those in the head."""
    # two levels deep: `layer4`, `features.denseblock4`
    outer = _list_children(model, "")
    blocks = [name for part in outer for name in (part, *_list_children(model, part))]
    if block not in blocks:
        near = difflib.get_close_matches(block, [*PRESETS, *blocks], n=1)
        raise UserError(
            f"model.train: {block!r} is not a block of this model; "
            f"{f'did you mean {near[0]}? ' if near else ''}"
            f"expected {', '.join(PRESETS[::-1])}, or one of {', '.join(blocks)}"
        )
    names = [name for name, _ in model.named_parameters()]
    first = next(number for number, name in enumerate(names) if name.startswith(f"{block}."))
    return {name for name in names if name in names[first:] or name.startswith(f"{head}.")}


def set_training_mode(model: nn.Module) -> None:
    """Set training mode for what learns and evaluation mode for what is frozen.

    So frozen batch norm keeps its statistics, and frozen layers compute the same features of a
    picture every time. A layer without parameters is frozen inside a block that is frozen whole.
    Elsewhere batch norm is frozen if the layer before it is, whose output it measures; any other,
    such as dropout, if the next one is, which learns from its output: the head's own dropout stays.
    """
    for module, learns in _list_modes(model):
        module.training = learns


def learns_batch_norm(model: nn.Module) -> bool:
    """Return whether training gathers statistics over a batch, for which one picture is too few."""
    batch_norm = nn.modules.batchnorm._BatchNorm
    return any(learns for module, learns in _list_modes(model) if isinstance(module, batch_norm))


def _list_modes(model: nn.Module) -> list[tuple[nn.Module, bool]]:
    """Return every module of the network, and whether it learns."""
    modes: list[tuple[nn.Module, bool]] = []
    learns = next((parameter.requires_grad for parameter in model.parameters()), True)
    frozen: set[nn.Module] = set()
    waiting: list[nn.Module] = []
    for module in model.modules():
        inside = [parameter.requires_grad for parameter in module.parameters()]
        if inside:
            modes.append((module, any(inside)))
            frozen.update(() if any(inside) else module.modules())
        elif module in frozen:
            modes.append((module, False))
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            modes.append((module, learns))
        else:
            waiting.append(module)
        if own := [parameter.requires_grad for parameter in module.parameters(recurse=False)]:
            learns = any(own)
            modes += [(one, learns) for one in waiting]
            waiting.clear()
    return [*modes, *((one, learns) for one in waiting)]
