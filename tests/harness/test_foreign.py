"""Logs of other programs become traces with the energy that their lines state, or are refused with the line."""

import json

import pytest

from harness.errors import UserError
from harness.foreign import logs, store
from harness.foreign.times import parse, times
from meters.trace import Trace
from tests.harness.command import ROOT, harness

SECOND = 10**9
LINES = json.loads((ROOT / "tests/data/jetson/tegrastats-lines.json").read_text())
TX2_IDLE = next(line["line"] for line in LINES if line["from"].startswith("TX2 R32 idle"))
ORIN_NANO = next(line["line"] for line in LINES if line["from"].startswith("Orin Nano"))
PACKET = "#d,-,18,{},1200,500,0,0,0,0,0,0,0,0,0,0,{},0,0,600,0;"


def imported(tmp_path, kind, text, period=None, total="", boundary="dc_input"):
    """The trace that a log with this text becomes."""
    path, out = tmp_path / "log", tmp_path / "out" / "log.arrow"
    path.write_bytes(text.encode())
    store.write(logs.read(str(path), kind, period, total, boundary), kind, str(out))
    assert [one.name for one in out.parent.iterdir()] == ["log.arrow"]
    return Trace.open(out)


def test_tegrastats_without_dates_needs_the_interval_it_was_called_with(tmp_path):
    text = "\n".join(TX2_IDLE.replace("VDD_IN 1649/", "VDD_IN {}/".format(mW)) for mW in (1600, 1800, 1600)) + "\n"
    with pytest.raises(UserError, match="the log has no times: state what is between two lines, as in --period 0.1"):
        imported(tmp_path, "tegrastats", text)
    trace = imported(tmp_path, "tegrastats", text, period=0.5)
    assert trace.total == ("VDD_IN",) and not trace.simulated and trace.period_s == 0.5
    assert trace.energy_J(0, SECOND) == pytest.approx(1.7)
    by_name = {channel.name: channel for channel in trace.channels}
    assert (by_name["VDD_IN"].boundary, by_name["VDD_SYS_GPU"].boundary) == ("module", "rail")
    assert by_name["VDD_IN"].shape == "lowpass" and by_name["VDD_IN"].gain_error == pytest.approx(0.015)
    assert trace.meta["meter"]["identity"]["imported"]["format"] == "tegrastats"


def test_tegrastats_with_dates_to_the_second(tmp_path):
    text = "".join(ORIN_NANO.replace("11:25:24", "11:25:2{}".format(n)) + "\n" for n in (4, 5, 6))
    trace = imported(tmp_path, "tegrastats", text + ORIN_NANO[:200])
    assert len(trace.t_ns) == 3 and trace.clock == {"host": "UTC", "boot_id": "UTC"}
    first = parse("2025-06-18 11:25:24")
    assert trace.energy_J(first, first + 2 * SECOND) == pytest.approx(2 * 4.824)
    assert trace.period_s == 1.0 and trace.channels[0].shape == "instant"
    with pytest.raises(UserError, match="times are too coarse for the samples, state .*--period 0.1"):
        imported(tmp_path, "tegrastats", (ORIN_NANO + "\n") * 2)
    assert len(imported(tmp_path, "tegrastats", (ORIN_NANO + "\n") * 2, period=0.5).t_ns) == 2


def test_a_line_that_cannot_be_understood_is_named(tmp_path):
    with pytest.raises(UserError, match="log can't be imported as a tegrastats log: line 2: no line of tegrastats"):
        imported(tmp_path, "tegrastats", TX2_IDLE + "\nsudo: 3 tries\n" + TX2_IDLE + "\n", period=1.0)


def test_a_csv_with_units_in_its_names(tmp_path):
    text = "time_s,power_mW,gpu power_W,gpu voltage_V,note\n0,5000,1.5,5,a\n0.1,6000,,5,b\n0.2,7000,1.7,5,c\n"
    trace = imported(tmp_path, "csv", text, total="log", boundary="supply_input")
    assert trace.energy_J(0, SECOND // 5) == pytest.approx(1.2)
    assert [(one.name, one.boundary) for one in trace.channels] == [("log", "supply_input"), ("gpu", "rail")]
    assert trace.energy_J(0, SECOND // 5, "gpu", max_gap_s=1) == pytest.approx(0.32)
    assert imported(tmp_path, "csv", text).total == (), "which of two channels is the whole is not guessed"
    assert imported(tmp_path, "csv", "power_W\n1\n2\n", period=1.0).energy_J(0, SECOND) == pytest.approx(1.5)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "it is empty"),
        ("time_s,x\n0,1\n", "no column is a power"),
        ("time_s,power_W\n0,one\n1,2\n", "'one' is no number"),
        ("time_s,power_W\n0,1,2\n1,2\n", "row 1 has 3 cells instead of 2"),
        ("t_ns,power_W\n0.5,1\n1,2\n", "'0.5' is no number of nanoseconds"),
        ("time,power_W\nyesterday,1\n1,2\n", "'yesterday' is no time"),
        ("time_s,power_V\n0,1\n1,2\n", "column power_V: a power is not in V"),
        ("time_s,power_W\n1,1\n0,2\n", "the time of sample 2 is before that of the one in front"),
        ("time_s,power_W\n1,1\n2,2\n2,3\n", "samples 2 and 3 have the same time; where times are too coarse"),
        ("time_s,power_W\n1,1\n", "it has one sample: state what is between two of them"),
        ("time_s,power_W,power_W\n0,1,2\n1,1,2\n", "two of its columns are log_power_W"),
        ("time_s,power_W,power_mW\n0,1,2\n1,1,2\n", "two of its columns are log_power_W"),
        ("time_s,power_W\n", "it has no line with a power"),
    ],
)
def test_a_csv_that_cannot_be_understood_is_refused(tmp_path, text, sentence):
    with pytest.raises(UserError) as error:
        imported(tmp_path, "csv", text)
    assert sentence in str(error.value) and not (tmp_path / "out").exists()


@pytest.mark.parametrize("stamps, number", [((0, 1.5, 1, 3), 3), ((5, 0, 1, 8), 2)])
def test_a_stated_period_does_not_hide_a_clock_that_went_back(stamps, number):
    with pytest.raises(UserError, match="the time of sample {} is before that of the one in front".format(number)):
        times([int(stamp * SECOND) for stamp in stamps], 1.0)


def test_lines_without_a_time_among_others_are_no_log_without_times():
    """Counted one period apart, they would hide the gaps that the other lines tell of."""
    with pytest.raises(UserError, match="sample 2 has no time, and others have one"):
        times([0, None, 60 * SECOND], None, 1.0)


def test_a_last_number_that_may_have_been_cut_is_no_sample(tmp_path):
    text = "time_s,power_W\n0,12.5\n1,12.5\n2,1"
    trace = imported(tmp_path, "csv", text)
    assert list(trace.power_W()) == [12.5, 12.5]


def test_the_csv_of_jtop(tmp_path):
    text = (
        "time,uptime,CPU1,Power VDD_IN,Power VDD_CPU_GPU_CV,Power VDD_SOC,Power TOT,nvp model\n"
        "2023-01-03 16:07:54.500000,1:00:00,3,4000,500,1000,4000,MAXN\n"
        "2023-01-03 16:07:55.500000,1:00:01,3,6000,500,1000,6000,MAXN\n"
    )
    trace = imported(tmp_path, "jtop", text)
    start_ns = parse("2023-01-03 16:07:54.5")
    assert trace.total == ("VDD_IN",) and [one.name for one in trace.channels][1:] == ["VDD_CPU_GPU_CV", "VDD_SOC"]
    assert trace.energy_J(start_ns, start_ns + SECOND) == pytest.approx(5.0)


def test_packets_of_a_wattsup_with_and_without_times(tmp_path):
    packets = [PACKET.format(600, 100), PACKET.format(660, 110), PACKET.format(540, 90)]
    trace = imported(tmp_path, "wattsup", "#v,-,8,a,b,c,d,e,f,g,h;\n" + "\n".join(packets) + "\n#d,-,18,6")
    assert trace.energy_J(0, 2 * SECOND) == pytest.approx(66 + 54) and trace.total == ("wall",)
    assert trace.channels[0].boundary == "ac_wall"
    dated = "".join("2023-01-03 16:07:0{}, {}\n".format(n, packet) for n, packet in zip((1, 2, 9), packets))
    trace = imported(tmp_path, "wattsup", dated)
    assert trace.gaps() == [(int(trace.t_ns[1]), int(trace.t_ns[2]))]


def test_times_of_any_usual_form():
    second = 1672762074 * SECOND
    for text in ("2023-01-03 16:07:54", "2023-01-03T16:07:54Z", "2023-01-03T18:07:54+02:00", "01-03-2023 16:07:54"):
        assert parse(text) == second
    assert parse("2023-01-03 11:07:54.250-0500") == second + SECOND // 4
    assert (parse("1672762074.5"), parse("0.1")) == (second + SECOND // 2, SECOND // 10)
    with pytest.raises(UserError, match="lines are missing, or it is another period"):
        times([0, 10 * SECOND], 1.0)


def test_import_on_the_command_line(tmp_path):
    log, out = tmp_path / "a.csv", tmp_path / "a.arrow"
    log.write_text("time_s,power_W\n0,5\n1,5\n")
    done = harness("meters", "import", log, "--format", "csv", "--out", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{}\n".format(out), "2 samples, one each 1 s\n")
    assert harness("meters", "import", log, "--format", "csv", "--out", out).returncode == 2
    refused = harness("meters", "import", log, "--format", "wattsup", "--out", tmp_path / "b.arrow")
    assert refused.returncode == 1 and "it has no line with a power" in refused.stderr
