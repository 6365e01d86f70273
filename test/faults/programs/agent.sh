# An agent as the exec backend runs it: works so many steps, tells each in the ledger of its workspace, and hears what is steered into it.
# A steer is such a command line, too, so that one which comes too late is a turn. Arguments: operation, steps, seconds of each.
operation=$1 steps=$2 pause=$3
tell() { echo "$AGENTRUN_JOB_NAME $1" >> ledger; }
tell "begin $operation"
# Reads its input to its end, also after the turn: what the pipe took is heard. What runs in the background gets /dev/null for its input.
exec 3<&0
setsid sh -c 'while read -r _ _ operation _; do echo "$AGENTRUN_JOB_NAME hear $operation" >> ledger; done' <&3 >/dev/null 2>&1 3<&- &
exec 3<&-
step=0
while [ "$step" -lt "$steps" ]; do
  step=$((step + 1))
  tell "step $operation"
  echo "$operation step $step"
  sleep "$pause"
done
tell "end $operation"
