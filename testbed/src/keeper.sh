# Keeps one server: starts and ends it as it is told, line by line on standard input, and answers
# each order with a line. When its input ends, because the process that gave the orders has ended in
# whatever way, it ends the server and removes the directory.
#
# keeper.sh DIRECTORY COMMAND...: the data are in DIRECTORY/data, the log is DIRECTORY/log.

directory=$1
shift
server=

# The server says in a file that it is ready. What an earlier one left there has another number.
is_ready() {
    [ "$(sed -n '1p;8p' "$directory/data/postmaster.pid" 2>/dev/null | tr -d ' \n')" = "${server}ready" ]
}

start() {
    "$@" </dev/null >>"$directory/log" 2>&1 &
    server=$!
    until is_ready; do
        if ! kill -0 "$server" 2>/dev/null; then
            server=
            echo failed
            return
        fi
        sleep 0.02
    done
    echo started
}

# It cuts its connections, writes everything to disk, and ends.
stop() {
    kill -s INT "$server"
    end
}

# All at once, as when a machine is lost: none outlives the others and says so.
lose() {
    kill -s STOP "$server"
    children=$(cat "/proc/$server/task/$server/children" 2>/dev/null)
    kill -s KILL $children "$server"
    end
}

end() {
    wait "$server" 2>/dev/null
    server=
    echo ended
}

while read -r order port; do
    case $order${server:+ running} in
    start) start "$@" -p "$port" ;;
    'stop running') stop ;;
    'kill running') lose ;;
    *) echo refused ;;
    esac
done

if [ -n "$server" ]; then
    kill -s QUIT "$server"
    wait "$server"
fi
rm -rf "$directory"
