"""What a run would do: its rows with their epochs and predicted FLOPs, its stages with their folders."""

from pathlib import Path
from typing import Any, Dict

from harness import machine, rundir, runner
from harness.finder import Finder
from harness.forecast.flops import Flops, Networks, cell_flops
from harness.plan import stage_name
from harness.progress import describe
from harness.quantities import counted, prefixed


def listing(plan: Any, finder: Finder, out: Path) -> Dict[str, Any]:
    """JSON-able; FLOPs are those of training to the end, also in profile form."""
    networks, board = Networks(finder), rundir.Machine(out, machine.name())
    content = plan.as_json()
    whole = [cell.cell for cell in plan.cells]
    predicted = [cell_flops(cell, networks, finder) for cell in whole]
    for cell, told, flops in zip(whole, content["cells"], predicted):
        told["predicted_flops"], told["flops_rest_on"] = flops.value, flops.rests_on
        for charge, item in zip(cell.charges, told["charges"]):
            count = finder.epochs(cell, charge)
            item["epochs"], item["epochs_from"] = count.epochs, count.told_by
    known = [flops.value for flops in predicted if flops.value is not None]
    return dict(
        content,
        predicted_flops=sum(known) if len(known) == len(predicted) else None,
        missing=[str(need) for need in plan.missing],
        stages=[
            {
                "stage": stage_name(stage),
                "repetition": repetition,
                "what": describe(stage),
                "epochs": stage.last_epoch,
                "windows": stage.windows,
                "folder": str(board.rep(stage_name(stage), repetition).folder),
                "state": state,
            }
            for stage, repetition, state in runner.status(plan, out)
        ],
    )


def text(found: Dict[str, Any]) -> str:
    lines = [f"{counted(len(found['cells']), 'row')}, FLOPs as the published tables count them:"]
    lines += [f"  {cell['id']}: {_charges(cell)}; {_flops(cell)}" for cell in found["cells"]]
    total = found["predicted_flops"]
    lines.append("in all " + ("no FLOPs: counting them needs torch" if total is None else prefixed(total) + " FLOPs"))
    lines.append(counted(len(found["stages"]), "stage") + ":")
    lines += [f"  {_stage(stage)}" for stage in found["stages"]]
    return "\n".join(lines + [f"missing: {need}" for need in found["missing"]])


def _charges(cell: Dict[str, Any]) -> str:
    return ", then ".join(_charge(item) for item in cell["charges"])


def _charge(item: Dict[str, Any]) -> str:
    until = f" up to draw {item['until']}" if item["until"] else ""
    told = "" if item["epochs_from"] == "asked" else f" ({item['epochs_from']})"
    return f"{item['stage'] or 'no ticket'}{until}, {item['epochs']} epochs{told}"


def _flops(cell: Dict[str, Any]) -> str:
    flops = Flops(cell["predicted_flops"], cell["flops_rest_on"])
    if flops.value is None:
        return "FLOPs need torch"
    return f"{prefixed(flops.value)} FLOPs, {flops.rests_on}"


def _stage(stage: Dict[str, Any]) -> str:
    length = f"{stage['windows']} windows" if stage["windows"] else f"up to {stage['epochs']} epochs"
    return f"{stage['stage']} rep {stage['repetition']}: {stage['what']}, {length}, {stage['state']}; {stage['folder']}"
