#!/usr/bin/env bash
# Before its Envoy is stopped, a pod leaves without losing a request:
#   drain.sh ENVOY_ADMIN LEAST MOST
# /readyz turns 503, and every answer asks its client to leave the connection. For LEAST seconds at least the pod goes on serving who has
# not heard of it yet; then until no request is under way, MOST seconds in all. Plain bash: Envoy's image has no curl.
set -u
admin=$1 least=$2 most=$3

ask() {
    exec 3<>"/dev/tcp/${admin%:*}/${admin##*:}" || return
    printf '%s %s HTTP/1.1\r\nhost: admin\r\ncontent-length: 0\r\nconnection: close\r\n\r\n' "$1" "$2" >&3
    cat <&3
    exec 3>&-
}

ask POST /healthcheck/fail
sleep "$least"
until ask GET '/stats?filter=^http.front.downstream_rq_active$' | grep -q 'active: 0' || ((SECONDS >= most)); do
    sleep 1
done
