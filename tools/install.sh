#!/bin/sh
# Installs Debian packages, as root: sh tools/install.sh PACKAGE…
#
# The servers among them are programs for the tests here, and leave the machine as quiet as it was:
#   - no service is started: while this runs, policy-rc.d forbids it (one that is there already decides by itself);
#   - PostgreSQL makes no default cluster (it would take port 5432): its setting for that is changed while this runs;
#   - Redis does not start with the machine.
# Both files are put back at the end. A server that was installed before is not touched.
set -eu
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf
kept=$(mktemp -d)

forbid_services() {
    [ ! -e $policy ] || return 0
    touch "$kept/no-policy"
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
}

forbid_clusters() {
    [ ! -e $clusters ] || cp -p $clusters "$kept/clusters"
    mkdir -p "${clusters%/*}"
    touch "$kept/changed-clusters"
    echo 'create_main_cluster = false' >$clusters
}

put_back() {
    [ ! -e "$kept/no-policy" ] || rm -f $policy
    if [ -e "$kept/changed-clusters" ]; then
        for original in "$kept/clusters" /usr/share/postgresql-common/createcluster.conf; do
            [ -e "$original" ] && cp -p "$original" $clusters && break
        done
    fi
    rm -rf "$kept"
}

install() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update && apt-get install -y --no-install-recommends "$@"
}

trap put_back EXIT
trap 'exit 1' HUP INT TERM
case " $* " in *' postgresql '*) forbid_clusters ;; esac
case " $* " in *' postgresql '* | *' redis-server '*) forbid_services ;; esac
if ! install "$@" >"$kept/log" 2>&1; then
    tail -n 20 "$kept/log" >&2
    echo "could not install: $*" >&2
    exit 1
fi
case " $* " in *' redis-server '*) update-rc.d redis-server disable ;; esac
