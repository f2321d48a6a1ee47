#!/usr/bin/env bash
# Makes a Jetson fit to measure: packages, a virtual environment with NVIDIA's torch, groups and device rules.
#
#   ./jetson_setup.sh [options]        run it as yourself; it asks for sudo where it needs to
#
#   --dry-run            print every step and change nothing
#   --undo               take back what earlier runs of this script did
#   --torch-wheel FILE   install this torch instead of fetching the known build for this L4T release
#   --no-torchvision     do not build torchvision (only the data set imagenet needs it)
#   --sensor-access      let the group powersensors read the board's power sensors (see docs/jetson.md first)
#   --power-control      let yourself set power mode and clocks without a password (see docs/jetson.md first)
#   --jtop               install jetson-stats 4.3.2 for the whole system, to cross-check readings
#   --help               this text
#
# Environment: PYTHON (python3), VENV (.venv-jetson beside this script), L4T_VERSION (e.g. 32.7.1, instead of
# asking the system), ROOT (/: the file tree to look at and write to, for trying this on a copy).
# Every run is safe to repeat: what is done already is skipped.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=${ROOT:-/}
ROOT=${ROOT%/}
PYTHON=${PYTHON:-python3}
VENV=${VENV:-$HERE/.venv-jetson}
CACHE=${XDG_CACHE_HOME:-${HOME:-/var}/.cache}/edge-energy-harness/setup
STATE=/var/lib/edge-energy-harness/jetson_setup.state
UDEV_RULES=/etc/udev/rules.d/90-edge-energy-meters.rules
SENSOR_SCRIPT=/usr/local/sbin/edge-energy-sensor-access
SENSOR_UNIT=edge-energy-sensor-access.service
SENSOR_GROUP=powersensors
SUDOERS=/etc/sudoers.d/edge-energy-harness
NVIDIA_REDIST=https://developer.download.nvidia.com/compute
JTOP_VERSION=4.3.2

DRY_RUN='' UNDO='' TORCH_WHEEL='' TORCHVISION=yes SENSOR_ACCESS='' POWER_CONTROL='' JTOP='' RELOGIN=''

# ---- speaking and doing ----

say() { printf '%s\n' "$*"; }

stop() {
    printf 'jetson_setup.sh: %s\n' "$*" >&2
    exit 1
}

misused() {
    printf 'jetson_setup.sh: %s\n' "$*" >&2
    exit 2
}

run() {
    if [ -n "$DRY_RUN" ]; then
        say "would run: $(printf '%q ' "$@")"
    else
        say "run: $(printf '%q ' "$@")"
        "$@"
    fi
}

as_root() { if [ "$(id -u)" = 0 ]; then run "$@"; else run sudo "$@"; fi; }

quietly_as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi >/dev/null; }

remembered() { grep -qxF -- "$*" "$ROOT$STATE" 2>/dev/null; }

# One line of the state file per thing done, so that --undo takes back that and nothing else.
remember() {
    if [ -n "$DRY_RUN" ] || remembered "$*"; then return 0; fi
    quietly_as_root mkdir -p "$(dirname "$ROOT$STATE")"
    printf '%s\n' "$*" | quietly_as_root tee -a "$ROOT$STATE"
}

holds() { [ "$(cat "$ROOT$1" 2>/dev/null)" = "$2" ]; }

# put PATH MODE CONTENT
put() {
    if [ -n "$DRY_RUN" ]; then
        say "would write $1:"
        printf '%s\n' "$3" | sed 's/^/    /'
        return
    fi
    say "write: $1"
    remember file "$1"
    quietly_as_root mkdir -p "$(dirname "$ROOT$1")"
    printf '%s\n' "$3" | quietly_as_root tee "$ROOT$1"
    quietly_as_root chmod "$2" "$ROOT$1"
}

# ---- what board is this ----

l4t_version() {
    if [ -n "${L4T_VERSION:-}" ]; then
        say "$L4T_VERSION"
    elif [ -r "$ROOT/etc/nv_tegra_release" ]; then
        sed -n '1s/^# R\([0-9]*\) .*REVISION: \([0-9.]*\).*/\1.\2/p' "$ROOT/etc/nv_tegra_release"
    else
        dpkg-query --show --showformat='${Version}' nvidia-l4t-core 2>/dev/null | sed 's/-.*//' || true
    fi
}

# The model name does not tell the SoC (a TX2 calls itself quill); the compatible list does.
soc() {
    local compatible=$ROOT/proc/device-tree/compatible
    if [ -r "$compatible" ]; then tr '\0' '\n' <"$compatible" | sed -n 's/^nvidia,\(tegra[0-9]*\)$/\1/p' | head -n 1; fi
}

compute_capability() {
    case $1 in
    tegra210) say 5.3 ;;
    tegra186) say 6.2 ;;
    tegra194) say 7.2 ;;
    tegra234) say 8.7 ;;
    tegra264) say 11.0 ;;
    esac
}

detect() {
    L4T=$(l4t_version)
    SOC=$(soc)
    CAPABILITY=$(compute_capability "$SOC")
    if [ -z "$L4T" ] || [ -z "$CAPABILITY" ]; then
        stop "this machine is no Jetson that I know (L4T release: ${L4T:-none}, SoC: ${SOC:-none}); on any other Linux run make demo."
    fi
    GENERATION=${L4T%%.*}
    say "board: $SOC, L4T R$L4T, compute capability $CAPABILITY"
}

# ---- steps ----

wanted_packages() {
    say python3-pip python3-venv python3-dev libopenblas-dev libjpeg-dev zlib1g-dev git wget
    if [ "$GENERATION" = 32 ]; then say libopenmpi-dev gfortran libomp-dev libpython3-dev; fi
    if [ ! -e "$ROOT/usr/local/cuda" ]; then
        if [ "$GENERATION" = 32 ]; then say cuda-toolkit-10-2 libcudnn8; else say nvidia-jetpack; fi
    fi
}

installed() { dpkg-query --show --showformat='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

install_packages() {
    local package missing=()
    for package in $(wanted_packages); do
        installed "$package" || missing+=("$package")
    done
    if [ ${#missing[@]} = 0 ]; then
        say "packages: all there"
        return
    fi
    as_root apt-get update
    as_root apt-get install -y "${missing[@]}"
    for package in "${missing[@]}"; do remember package "$package"; done
}

# NVIDIA's torch for JetPack 6.1 and later links against cuSPARSELt, which JetPack does not carry;
# release and place are those that PyTorch's Torch-TensorRT guide for JetPack 6 gives.
install_cusparselt() {
    local name=libcusparse_lt-linux-sbsa-0.5.2.1-archive cuda=$ROOT/usr/local/cuda/lib64 file
    if [ "$GENERATION" != 36 ] || [ -n "$TORCH_WHEEL" ] || [ -e "$cuda/libcusparseLt.so" ]; then return 0; fi
    fetch "$NVIDIA_REDIST/cusparselt/redist/libcusparse_lt/linux-sbsa/$name.tar.xz" "$name.tar.xz"
    run tar -xf "$CACHE/$name.tar.xz" -C "$CACHE"
    as_root mkdir -p "$cuda"
    for file in libcusparseLt.so libcusparseLt.so.0 libcusparseLt.so.0.5.2.1; do
        remember file "/usr/local/cuda/lib64/$file"
        as_root cp -a "$CACHE/$name/lib/$file" "$cuda/"
    done
    as_root ldconfig
}

python_tag() { "$PYTHON" -c 'import sys; print("cp%d%d" % sys.version_info[:2])'; }

make_venv() {
    if [ -e "$VENV/pip-is-ready" ]; then
        say "virtual environment: $VENV is there"
    else
        remember venv "$VENV"
        run "$PYTHON" -m venv --clear --system-site-packages "$VENV"
        if [ "$(python_tag)" = cp36 ]; then
            # The last releases that install on 3.6; the stock pip picks ones that refuse it.
            run "$VENV/bin/python" -m pip install pip==21.3.1 setuptools==59.6.0 wheel==0.37.1
        else
            # torch's extension builder, which torchvision uses, needs the pkg_resources that setuptools 70 dropped.
            run "$VENV/bin/python" -m pip install --upgrade pip 'setuptools<70' wheel
        fi
        run touch "$VENV/pip-is-ready"
    fi
}

# numpy 1.19.5, the last for Python 3.6, dies of an illegal instruction on Jetson unless OpenBLAS is told the core.
# The .pth serves every start of this Python, the activate script whatever else runs in that shell.
set_openblas_coretype() {
    if [ "$GENERATION" != 32 ]; then return 0; fi
    local hook="$VENV/bin/activate" line='export OPENBLAS_CORETYPE=ARMV8' site
    if grep -qxF "$line" "$hook" 2>/dev/null; then return 0; fi
    if [ -n "$DRY_RUN" ]; then
        say "would set OPENBLAS_CORETYPE=ARMV8 in $VENV"
        return
    fi
    site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
    mkdir -p "$site"
    say 'import os; os.environ.setdefault("OPENBLAS_CORETYPE", "ARMV8")' >"$site/openblas_coretype.pth"
    say "$line" >>"$hook"
}

fetch() {
    if [ -s "$CACHE/$2" ]; then return 0; fi
    remember cache "$CACHE"
    run mkdir -p "$CACHE"
    run wget --no-verbose --output-document "$CACHE/$2.part" "$1"
    run mv "$CACHE/$2.part" "$CACHE/$2"
}

# Prints "file url" of NVIDIA's build for this release, or nothing.
known_torch() {
    local file
    case $L4T in
    32.[4-9]*)
        say torch-1.10.0-cp36-cp36m-linux_aarch64.whl https://nvidia.box.com/shared/static/fjtbno0vpo676a25cgvuqc1wty0fkkg6.whl
        ;;
    35.*)
        file=torch-2.1.0a0+41361538.nv23.06-cp38-cp38-linux_aarch64.whl
        say "$file" "$NVIDIA_REDIST/redist/jp/v512/pytorch/$file"
        ;;
    36.[4-9]*)
        file=torch-2.5.0a0+872d972e41.nv24.08.17622132-cp310-cp310-linux_aarch64.whl
        say "$file" "$NVIDIA_REDIST/redist/jp/v61/pytorch/$file"
        ;;
    esac
}

TORCH_CHECK='
import sys

try:
    import torch
except Exception as error:
    sys.exit("torch cannot be imported: %s" % error)
if not torch.cuda.is_available():
    sys.exit("torch %s sees no CUDA device" % torch.__version__)
found = "%d.%d" % torch.cuda.get_device_capability()
if found != sys.argv[1]:
    sys.exit("torch %s sees compute capability %s, this board has %s" % (torch.__version__, found, sys.argv[1]))
try:
    (torch.ones(8, device="cuda") + 1).sum().item()
except RuntimeError as error:
    sys.exit("torch %s cannot compute on this GPU: %s" % (torch.__version__, error))
'

# Prints what is wrong with torch on this board, or nothing.
torch_trouble() {
    if [ ! -x "$VENV/bin/python" ]; then
        say "there is no virtual environment yet"
        return
    fi
    local said
    if ! said=$("$VENV/bin/python" - "$CAPABILITY" 2>&1 <<<"$TORCH_CHECK"); then say "$said" | tail -n 1; fi
}

choose_torch() {
    local tag
    if [ -n "$TORCH_WHEEL" ]; then return 0; fi
    read -r TORCH_FILE TORCH_URL <<<"$(known_torch)" || true
    if [ -z "$TORCH_FILE" ]; then
        stop "no NVIDIA build of torch is known here for L4T R$L4T; name one that you have, --torch-wheel FILE (never PyPI's: on a Jetson that one may have no CUDA)."
    fi
    tag=$(python_tag)
    case $TORCH_FILE in
    *-"$tag"-*) ;;
    *) stop "$PYTHON is $tag, and the known build for L4T R$L4T is $TORCH_FILE; use the system's Python (PYTHON=/usr/bin/python3) or name a wheel, --torch-wheel FILE." ;;
    esac
}

install_torch() {
    local trouble
    trouble=$(torch_trouble)
    if [ -z "$trouble" ]; then
        say "torch: there, and computes on the GPU"
        return
    fi
    choose_torch
    install_cusparselt
    if [ -z "$TORCH_WHEEL" ]; then
        fetch "$TORCH_URL" "$TORCH_FILE"
        TORCH_WHEEL=$CACHE/$TORCH_FILE
    fi
    run "$VENV/bin/python" -m pip install "$TORCH_WHEEL"
    if [ -n "$DRY_RUN" ]; then
        say "would check that torch computes on the GPU with compute capability $CAPABILITY, and stop if not"
        return
    fi
    trouble=$(torch_trouble)
    if [ -n "$trouble" ]; then
        stop "$trouble; energy measured on the CPU alone would be of another machine. Give a build for L4T R$L4T, --torch-wheel FILE, or use the container (docs/jetson.md)."
    fi
    say "torch: installed, and computes on the GPU"
}

# torchvision's release that belongs to a torch release: 1.10 -> 0.11, 2.1 -> 0.16, 2.5 -> 0.20.
torchvision_tag() {
    case $1 in
    1.9*) say v0.10.0 ;;
    1.10*) say v0.11.1 ;;
    2.1*) say v0.16.1 ;;
    2.5*) say v0.20.0 ;;
    esac
}

warn_about_memory() {
    local kib
    kib=$(awk '/^(MemTotal|SwapTotal):/ {sum += $2} END {print sum + 0}' "$ROOT/proc/meminfo" 2>/dev/null) || return 0
    if [ "$kib" -lt 6000000 ]; then
        say "note: memory and swap are $((kib / 1024)) MiB together, and building torchvision needs swap on such a board:"
        say "      sudo fallocate -l 8G /mnt/swap && sudo chmod 600 /mnt/swap && sudo mkswap /mnt/swap && sudo swapon /mnt/swap"
        say "      (switch it off again before you measure: sudo swapoff /mnt/swap)"
    fi
}

install_torchvision() {
    if [ -z "$TORCHVISION" ]; then return 0; fi
    if "$VENV/bin/python" -c 'import torchvision' 2>/dev/null; then
        say "torchvision: there"
        return
    fi
    local version tag source
    if [ -x "$VENV/bin/python" ]; then version=$("$VENV/bin/python" -c 'import torch; print(torch.__version__)' 2>/dev/null || true); fi
    if [ -z "${version:-}" ]; then
        version=$(basename "$TORCH_WHEEL")
        version=${version#torch-}
    fi
    tag=$(torchvision_tag "$version")
    if [ -z "$tag" ]; then
        say "torchvision: which release belongs to torch ${version%%-*} is not known here; build it by hand, or do without the data set imagenet."
        return
    fi
    warn_about_memory
    say "torchvision $tag is built from source, which takes 20 to 40 minutes on a TX2"
    source=$CACHE/torchvision-$tag
    if [ ! -d "$source" ]; then
        run git clone --quiet --depth 1 --branch "$tag" https://github.com/pytorch/vision "$source.part"
        run mv "$source.part" "$source"
    fi
    run "$VENV/bin/python" -m pip install pillow
    run env "BUILD_VERSION=${tag#v}" "TORCH_CUDA_ARCH_LIST=$CAPABILITY" \
        "$VENV/bin/python" -m pip install --no-build-isolation --no-deps "$source"
}

install_harness() {
    if [ -x "$VENV/bin/harness" ] && [ ! "$HERE/pyproject.toml" -nt "$VENV/bin/harness" ]; then
        say "harness: installed"
        return
    fi
    local pins=()
    case $GENERATION in
    32) pins=(--constraint "$HERE/constraints.txt") ;;
    35 | 36) pins=('numpy<2') ;; # NVIDIA's torch for these is built against numpy 1
    esac
    run "$VENV/bin/python" -m pip install "${pins[@]}" --editable "${HERE}[demo]"
}

join_groups() {
    local user group
    user=$(id -un)
    for group in "$@"; do
        getent group "$group" >/dev/null || continue
        if id -nG "$user" | tr ' ' '\n' | grep -qxF "$group"; then continue; fi
        as_root usermod -aG "$group" "$user"
        remember member "$user" "$group"
        RELOGIN=yes
    done
}

# Power meters on a serial adapter (FTDI, Silicon Labs, WCH) or on USBTMC (Yokogawa, GW Instek):
# open to the group dialout, and left alone by ModemManager, which would talk to them.
udev_rules() {
    cat <<'RULES'
SUBSYSTEM=="tty", ATTRS{idVendor}=="0403|10c4|1a86|2184", GROUP="dialout", MODE="0660", ENV{ID_MM_DEVICE_IGNORE}="1"
SUBSYSTEM=="usbmisc", KERNEL=="usbtmc*", GROUP="dialout", MODE="0660"
RULES
}

install_udev_rules() {
    local rules
    rules=$(udev_rules)
    if holds "$UDEV_RULES" "$rules"; then
        say "device rules: there"
        return
    fi
    put "$UDEV_RULES" 644 "$rules"
    as_root udevadm control --reload-rules
    as_root udevadm trigger --subsystem-match=tty --subsystem-match=usbmisc
}

sensor_script() {
    cat <<'SCRIPT'
#!/bin/sh
# open: let one group read the INA3221 power sensors.  close: as it was.  Modes in /sys last until the next boot.
set -eu
root=${ROOT:-}
group=${GROUP:-powersensors}
was=$root/run/edge-energy-sensor-access

nodes() {
    for chip in "$root"/sys/bus/i2c/devices/*; do
        case $(cat "$chip/name" 2>/dev/null) in *ina3221*) ;; *) continue ;; esac
        for node in "$chip"/iio:device*/rail_name_* "$chip"/iio:device*/in_*_input "$chip"/iio:device*/ui_input_* \
            "$chip"/hwmon/hwmon*/in*_input "$chip"/hwmon/hwmon*/curr*_input; do
            if [ -f "$node" ]; then echo "$node"; fi
        done
    done
}

case ${1:-} in
open)
    if [ -e "$was" ]; then exit 0; fi
    mkdir -p "$root/run"
    nodes | while read -r node; do stat -c '%a %g %n' "$node"; done >"$was.part"
    nodes | while read -r node; do chgrp "$group" "$node" && chmod g+r "$node"; done
    mv "$was.part" "$was"
    ;;
close)
    if [ ! -e "$was" ]; then exit 0; fi
    while read -r mode owner node; do chgrp "$owner" "$node" && chmod "$mode" "$node"; done <"$was"
    rm "$was"
    ;;
*)
    echo "usage: $0 open|close" >&2
    exit 2
    ;;
esac
SCRIPT
}

sensor_unit() {
    cat <<UNIT
[Unit]
Description=Let the group $SENSOR_GROUP read the board's power sensors

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$SENSOR_SCRIPT open
ExecStop=$SENSOR_SCRIPT close

[Install]
WantedBy=multi-user.target
UNIT
}

open_sensors() {
    local script unit
    if [ -z "$SENSOR_ACCESS" ]; then
        if [ "$GENERATION" = 32 ]; then
            say "power sensors: from R32.5 on only root reads them. NVIDIA closed them on purpose: power readings can give"
            say "               away what other programs compute. --sensor-access opens them to one group; --undo closes them."
        fi
        return 0
    fi
    if ! getent group "$SENSOR_GROUP" >/dev/null; then
        as_root groupadd --system "$SENSOR_GROUP"
        remember group "$SENSOR_GROUP"
    fi
    join_groups "$SENSOR_GROUP"
    script=$(sensor_script)
    unit=$(sensor_unit)
    if holds "$SENSOR_SCRIPT" "$script" && holds "/etc/systemd/system/$SENSOR_UNIT" "$unit"; then
        say "power sensors: open to the group $SENSOR_GROUP"
        return
    fi
    put "$SENSOR_SCRIPT" 755 "$script"
    put "/etc/systemd/system/$SENSOR_UNIT" 644 "$unit"
    remember unit "$SENSOR_UNIT"
    as_root systemctl daemon-reload
    as_root systemctl enable --now "$SENSOR_UNIT"
}

# What harness run --power-mode and --clocks call by sudo -n, and nothing else.
sudoers() {
    printf '%s ALL=(root) NOPASSWD: %s, %s' "$(id -un)" "$(command -v nvpmodel)" "$(command -v jetson_clocks)"
}

allow_power_control() {
    local rule
    if [ -z "$POWER_CONTROL" ]; then return 0; fi
    if ! command -v nvpmodel >/dev/null || ! command -v jetson_clocks >/dev/null; then
        stop "nvpmodel or jetson_clocks is not there, so --power-control has nothing to allow: is this board's NVIDIA software complete?"
    fi
    rule=$(sudoers)
    if remembered "power-control $rule"; then
        say "power control: allowed"
        return
    fi
    if [ -z "$DRY_RUN" ] && ! visudo_accepts "$rule"; then
        stop "visudo does not accept '$rule', so nothing was changed: set power mode and clocks by hand."
    fi
    put "$SUDOERS" 440 "$rule"
    remember power-control "$rule"
}

# Asked before the rule is in place: a broken file there would lock everybody out of sudo.
visudo_accepts() {
    local file status=0
    file=$(mktemp)
    printf '%s\n' "$1" >"$file"
    quietly_as_root visudo -c -f "$file" || status=1
    rm -f "$file"
    return $status
}

install_jtop() {
    if [ -z "$JTOP" ]; then return 0; fi
    if command -v jtop >/dev/null; then
        say "jtop: there"
    else
        as_root pip3 install --no-cache-dir "jetson-stats==$JTOP_VERSION"
        remember jtop "$JTOP_VERSION"
        as_root systemctl restart jtop.service
    fi
    join_groups jtop
}

# ---- taking back ----

undo_one() {
    local kind=$1 value=$2
    case $kind in
    file) as_root rm -f "$ROOT$value" ;;
    unit) as_root systemctl disable --now "$value" ;;
    member) as_root gpasswd --delete "${value% *}" "${value##* }" ;;
    group) as_root groupdel "$value" ;;
    venv | cache) run rm -rf "$value" ;;
    jtop) as_root pip3 uninstall -y jetson-stats ;;
    package) as_root apt-mark auto "$value" ;; # something installed since may need it: apt decides
    esac
}

undo() {
    local kind value
    if [ ! -s "$ROOT$STATE" ]; then
        say "nothing to take back: there is no $ROOT$STATE"
        return
    fi
    while read -r kind value <&3; do
        undo_one "$kind" "$value" || say "could not take back: $kind $value"
    done 3< <(tac "$ROOT$STATE")
    if remembered "file $UDEV_RULES"; then as_root udevadm control --reload-rules; fi
    if grep -q '^package ' "$ROOT$STATE"; then
        say "packages: sudo apt-get autoremove removes those that nothing else needs"
    fi
    as_root rm -f "$ROOT$STATE"
}

# ---- the order of things ----

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
        --dry-run) DRY_RUN=yes ;;
        --undo) UNDO=yes ;;
        --no-torchvision) TORCHVISION='' ;;
        --sensor-access) SENSOR_ACCESS=yes ;;
        --power-control) POWER_CONTROL=yes ;;
        --jtop) JTOP=yes ;;
        --torch-wheel)
            [ $# -gt 1 ] || misused "--torch-wheel needs the name of a .whl file"
            TORCH_WHEEL=$2
            [ -f "$TORCH_WHEEL" ] || misused "there is no file $TORCH_WHEEL"
            shift
            ;;
        --help | -h)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) misused "unknown option $1; there are --dry-run, --undo, --torch-wheel FILE, --no-torchvision, --sensor-access, --power-control, --jtop, --help" ;;
        esac
        shift
    done
}

main() {
    parse "$@"
    if [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER:-}" ]; then
        misused "run it as $SUDO_USER, without sudo: the environment must belong to you, and sudo is asked for where it is needed"
    fi
    detect
    if [ -n "$UNDO" ]; then
        undo
        return
    fi
    install_packages
    make_venv
    set_openblas_coretype
    install_torch
    install_torchvision
    install_harness
    join_groups dialout i2c video
    install_udev_rules
    open_sensors
    allow_power_control
    install_jtop
    if [ -n "$RELOGIN" ]; then say "log out and in again: your new groups count from then on"; fi
    say "next: . $VENV/bin/activate && harness doctor"
}

main "$@"
