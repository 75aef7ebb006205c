#!/usr/bin/env bash
# Prints how many instructions one hop of speech features takes on aarch64: an exact count, the same on every machine.
# On Debian 12 (amd64): cross-builds the example `speech_features` as .ci/cross-build does, runs it in QEMU with 1 and with 1001 hops under
# a plug-in that counts, and takes a thousandth of the difference. Installs what it needs.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=aarch64-unknown-linux-gnu
sudo=$([ "$(id -u)" = 0 ] || echo sudo)

if ! dpkg -s gcc qemu-user rustc-web libstd-rust-web-dev:arm64 gcc-aarch64-linux-gnu >/dev/null 2>&1; then
    $sudo dpkg --add-architecture arm64
    $sudo apt-get update -qq
    $sudo apt-get install -y -qq -o DPkg::Lock::Timeout=300 --no-install-recommends gcc libc6-dev qemu-user \
        rustc-web libstd-rust-web-dev libstd-rust-web-dev:arm64 gcc-aarch64-linux-gnu libc6-dev-arm64-cross >/dev/null
fi

out=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/moodbox/target}/cross
RUSTC=/usr/bin/rustc CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    cargo build --quiet --release --target $target --target-dir "$out" -p moodbox-shared --example speech_features
cc -O2 -Wall -Wextra -shared -fPIC -o "$out/count_instructions.so" tests/peers/count_instructions.c

# The environment lies on the program's stack and would move the count by a few instructions.
count() {
    env -i "$(command -v qemu-aarch64)" -L /usr/aarch64-linux-gnu -plugin "$out/count_instructions.so" \
        "$out/$target/release/examples/speech_features" hops "$1" 2>&1 | sed -n 's/^instructions //p'
}
echo $((($(count 1001) - $(count 1)) / 1000))
