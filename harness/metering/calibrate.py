"""harness meters calibrate: sign what a crosscheck found, for later runs to apply."""

import json
from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@click.option("--meter", required=True, metavar="NAME", help="Whose readings are to be corrected.")
@click.option("--reference", required=True, metavar="NAME", help="Whose readings are trusted.")
@click.option("--signed-by", required=True, metavar="WHO", help="Who has looked at the crosscheck and stands for it.")
@click.option("--out", type=click.Path(dir_okay=False), required=True, help="File for the calibration (.json).")
@click.option(
    "--across-boundaries", is_flag=True, help="Correct to the reference's boundary, the losses in between included."
)
@click.option("--json", "as_json", is_flag=True, help="Print the calibration as JSON.")
def command(
    folder: str, meter: str, reference: str, signed_by: str, out: str, across_boundaries: bool, as_json: bool
) -> None:
    """Make a calibration file from the crosscheck in FOLDER.

    A later --meter KIND:...,calibration=FILE applies it: samples are stored as the meter gives them, energies are
    corrected on reading, and every table names the file.
    """
    from harness import rundir
    from harness.crosscheck import result, signing
    from harness.errors import UserError

    if Path(out).exists():
        raise UserError(f"{out} exists already: a signed file is not overwritten, choose another name", code=2)
    if not signed_by.strip():
        raise UserError("--signed-by needs a name: somebody has to stand for a calibration", code=2)
    content = signing.calibration(result.load(folder), meter, reference, signed_by.strip(), across_boundaries)
    text = json.dumps(content, indent=1) + "\n"
    rundir.write(Path(out), lambda file: file.write(text.encode()))
    if as_json:
        return click.echo(text, nl=False)
    click.echo(
        f"{meter}: gain {content['gain']:.5f}, offset {content['offset_W']:.4f} W, residual "
        f"{1000 * content['residual_W']:.3g} mW against {reference}" + " (simulated)" * content["simulated"],
        err=True,
    )
    click.echo(out)
