#!/usr/bin/env bash
# A real Slurm cluster of one node on this machine, for tests and benchmarks: no systemd, no cgroups, no containers.
# All that it writes lies in one folder; its daemons listen on 127.0.0.1 or on a socket in that folder.
#
#   slurm.sh install         Debian's slurm-wlm and munge (as root)
#   slurm.sh start FOLDER    start it, and wait until it takes jobs
#   slurm.sh env FOLDER      print what points sbatch, squeue, ... at it, for `eval`
#   slurm.sh stop FOLDER     cancel its jobs, stop its daemons
#
# FOLDER/log/calls.txt gets a line for each call of sbatch, squeue and scancel, FOLDER/log/jobs.txt one for each job.
# SLURM_TEST_CPUS (4), SLURM_TEST_GPUS (2), SLURM_TEST_PORT (16900, and the next 10) are what it claims to have.
set -euo pipefail

say() { echo "slurm.sh: $*" >&2; }
die() { say "$*"; exit 1; }

action=${1:-}
folder=${2:-}
port=${SLURM_TEST_PORT:-16900}
gpus=${SLURM_TEST_GPUS:-2}

alive() {  # alive NAME: does the daemon whose number is in run/NAME.pid still run?
    local number
    number=$(cat "$folder/run/$1.pid" 2> /dev/null) || return 1
    [ -r "/proc/$number/stat" ] || return 1
    case "$(awk '{print $3}' "/proc/$number/stat")" in Z | X) return 1 ;; esac   # nobody may be there to reap it
    tr '\0' ' ' < "/proc/$number/cmdline" | grep -q -- "$1"
}

await() {  # await SECONDS COMMAND...: until the command succeeds
    local end=$((SECONDS + $1))
    shift
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

use() {
    export SLURM_CONF="$folder/etc/slurm.conf" PATH="$folder/bin:$PATH"
}

install() {
    local missing=""
    for package in slurm-wlm munge; do
        dpkg-query -W -f '${Status}' $package 2> /dev/null | grep -q "ok installed" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    # The packages must not start a cluster of their own.
    local policy=/usr/sbin/policy-rc.d
    [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy && trap "rm -f $policy" EXIT; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
}

write_config() {
    mkdir -p "$folder"/{etc,run,log,state,spool,bin}
    chmod 755 "$folder" "$folder"/*    # munge refuses a socket in a folder that not all may pass
    [ -s "$folder/etc/munge.key" ] || (umask 077 && head -c 1024 /dev/urandom > "$folder/etc/munge.key")
    cat > "$folder/etc/slurm.conf" << CONF
ClusterName=geokiln
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/run/munge.socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
MailProg=/bin/true
# no cgroups, no privileges
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
# at once, by core and memory
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=2,bf_interval=2
# what the node claims to have counts, not what is there
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=10
CompleteWait=0
SlurmdTimeout=30
MinJobAge=300
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/log/jobs.txt
GresTypes=gpu
NodeName=node1 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$((port + 10)) CPUs=${SLURM_TEST_CPUS:-4} RealMemory=64000 Gres=gpu:$gpus State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
    # Any device will do for a GPU: Slurm hands out numbers in CUDA_VISIBLE_DEVICES.
    echo "AutoDetect=off
NodeName=node1 Name=gpu File=/dev/tty[0-$((gpus - 1))]" > "$folder/etc/gres.conf"
}

# Clients on PATH that need no SLURM_CONF: the Slurm executor takes all SLURM_* away from the jobs' environment.
write_clients() {
    local real
    for client in sbatch squeue scancel srun; do
        real=$(PATH=/usr/local/bin:/usr/bin:/bin command -v $client)
        {
            echo "#!/bin/sh"
            echo "export SLURM_CONF='$folder/etc/slurm.conf'"
            [ $client = srun ] || echo "echo $client \$(echo \"\$*\" | head -c 1000 | tr '\\n' ' ') bytes: \$(echo \"\$*\" | wc -c) >> '$folder/log/calls.txt'"
            echo "exec $real \"\$@\""
        } > "$folder/bin/$client"
        chmod 755 "$folder/bin/$client"
    done
}

start() {
    command -v slurmctld > /dev/null && command -v munged > /dev/null || die "no Slurm here: run '$0 install' first"
    write_config
    write_clients
    use
    munged --key-file="$folder/etc/munge.key" --socket="$folder/run/munge.socket" --pid-file="$folder/run/munged.pid" \
        --log-file="$folder/log/munged.log" --seed-file="$folder/run/munged.seed" --num-threads=2 ||
        die "munged failed: $folder/log/munged.log"
    await 10 munge -n -S "$folder/run/munge.socket" || die "munged does not answer: $folder/log/munged.log"
    slurmctld -i || die "slurmctld failed: $folder/log/slurmctld.log"
    await 20 scontrol ping || die "slurmctld does not answer: $folder/log/slurmctld.log"
    slurmd -N node1 || die "slurmd failed: $folder/log/slurmd.log"
    await 30 node_is_idle || die "the node does not become idle: $folder/log/slurmd.log"
}

node_is_idle() { sinfo --noheader --format=%T | grep -q idle; }
no_job_is_left() { [ -z "$(squeue --noheader)" ]; }

stop() {
    [ -d "$folder/run" ] || return 0
    use
    if alive slurmctld; then
        timeout 10 scancel --quiet --user="$(id -un)" || true
        await 20 no_job_is_left || say "some jobs did not end in 20 s"
    fi
    for daemon in slurmd slurmctld munged; do
        if alive $daemon; then
            kill "$(cat "$folder/run/$daemon.pid")" || true
            is_gone() { ! alive $daemon; }
            await 20 is_gone || kill -9 "$(cat "$folder/run/$daemon.pid")" || true
        fi
    done
}

case $action in
    install) install ;;
    start | stop | env)
        [ -n "$folder" ] || die "$action needs a folder"
        mkdir -p "$folder" && folder=$(cd "$folder" && pwd)
        if [ $action = env ]; then
            echo "export SLURM_CONF='$folder/etc/slurm.conf' PATH='$folder/bin':\"\$PATH\""
        else
            $action
        fi
        ;;
    *) sed -n '2,13p' "$0" && exit 2 ;;
esac
