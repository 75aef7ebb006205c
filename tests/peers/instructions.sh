#!/usr/bin/env bash
# Prints how many instructions something takes on aarch64: an exact count, the same on every machine.
#
#   tests/peers/instructions.sh hop     one hop of speech features
#   tests/peers/instructions.sh step    one step of the inner loop: frame, two hops of sound, both networks, decision; no face detector
#   tests/peers/instructions.sh face_net [ISA]     the shipped face network on the box's engine; ISA is neon or dotprod, else the best
#   tests/peers/instructions.sh speech_net [ISA]   the shipped speech network
#   tests/peers/instructions.sh tract_face [FILE.onnx]      the same network in tract, from its int8 twin unless another file is named;
#   tests/peers/instructions.sh tract_speech [FILE.onnx]    the first build of tract takes 20 minutes
#
# On Debian 12 (amd64): cross-builds a program as .ci/cross-build does, runs it in QEMU for a few turns and for many under a plug-in that
# counts, and divides the difference. Installs what it needs. The processor is QEMU's cortex-a76 (a Raspberry Pi 5), or what CPU names,
# as cortex-a72 (a Pi 4) and cortex-a53 (a Pi 3).
set -euo pipefail
cd "$(dirname "$0")/../.."
target=aarch64-unknown-linux-gnu
what=${1:-hop}
case $what in
    hop) package=moodbox-shared build=(--example speech_features) arguments=hops few=1 many=1001 ;;
    step) package=moodbox build=(--features pi --example steps) arguments= few=33 many=97 ;;
    face_net | speech_net)
        package=moodbox-shared build=(--features std --example network) few=1 many=11
        arguments="models/${what%_net}.moodnet ${2:-best}"
        ;;
    tract_face | tract_speech)
        package=moodbox-tests build=(--features tract --bin tract_peer) few=1 many=6
        arguments="--warm-up 0 --model ${2:-models/${what#tract_}.int8.onnx} --runs"
        ;;
    *) echo "usage: $0 hop|step|face_net|speech_net [ISA]|tract_face|tract_speech [FILE.onnx]" >&2 && exit 2 ;;
esac
. .ci/cross-environment

out=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/moodbox/target}/cross
cargo build --quiet --release --target $target --target-dir "$out" -p $package "${build[@]}"
program=$out/$target/release/${build[-1]}
[ -x "$program" ] || program=$out/$target/release/examples/${build[-1]}
cc -O2 -Wall -Wextra -shared -fPIC -o "$out/count_instructions.so" tests/peers/count_instructions.c

# The environment lies on the program's stack and would move the count by a few instructions.
count() {
    local said
    said=$(env -i LD_LIBRARY_PATH=/usr/lib/aarch64-linux-gnu "$(command -v qemu-aarch64)" -cpu "${CPU:-cortex-a76}" -L /usr/aarch64-linux-gnu \
        -plugin "$out/count_instructions.so" "$program" $arguments "$1" 2>&1) || { echo "$said" >&2 && return 1; }
    sed -n 's/^instructions //p' <<<"$said"
}
at_many=$(count $many)
at_few=$(count $few)
echo $(((at_many - at_few) / (many - few)))
