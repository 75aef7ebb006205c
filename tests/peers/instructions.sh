#!/usr/bin/env bash
# Prints how many instructions something takes on aarch64: an exact count, the same on every machine.
#
#   tests/peers/instructions.sh hop     one hop of speech features
#   tests/peers/instructions.sh step    one step of the inner loop: frame, two hops of sound, both networks, decision; no face detector
#
# On Debian 12 (amd64): cross-builds an example as .ci/cross-build does, runs it in QEMU for a few turns and for many under a plug-in that
# counts, and divides the difference. Installs what it needs.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=aarch64-unknown-linux-gnu
case ${1:-hop} in
    hop) package=moodbox-shared features=() example=speech_features arguments=hops few=1 many=1001 ;;
    step) package=moodbox features=(--features pi) example=steps arguments= few=33 many=97 ;;
    *) echo "usage: $0 hop|step" >&2 && exit 2 ;;
esac
. .ci/cross-environment

out=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/moodbox/target}/cross
cargo build --quiet --release --target $target --target-dir "$out" -p $package "${features[@]}" --example $example
cc -O2 -Wall -Wextra -shared -fPIC -o "$out/count_instructions.so" tests/peers/count_instructions.c

# The environment lies on the program's stack and would move the count by a few instructions.
count() {
    env -i LD_LIBRARY_PATH=/usr/lib/aarch64-linux-gnu "$(command -v qemu-aarch64)" -L /usr/aarch64-linux-gnu \
        -plugin "$out/count_instructions.so" "$out/$target/release/examples/$example" $arguments "$1" 2>&1 | sed -n 's/^instructions //p'
}
echo $((($(count $many) - $(count $few)) / (many - few)))
