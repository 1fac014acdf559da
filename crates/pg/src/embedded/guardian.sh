# Purpose: end a throw-away server and remove its directory once the process that asked for it is gone.
# Argument: the directory, whose name is unique. Standard input: a pipe on which nothing is ever written.
home=$1
read -r _

# A process id alone proves nothing: the server may be gone and its number given away. Its command line names the directory.
pid=$(head -n 1 "$home/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
    line=$({ tr '\0' ' ' <"/proc/$pid/cmdline" || ps -ww -o command= -p "$pid"; } 2>/dev/null)
    case $line in
    *"$home"*)
        kill -QUIT "$pid" 2>/dev/null
        rounds=100
        while [ -e "$home/data/postmaster.pid" ] && [ "$rounds" -gt 0 ]; do
            sleep 0.05
            rounds=$((rounds - 1))
        done
        ;;
    esac
fi
rm -rf "$home"
