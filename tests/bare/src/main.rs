//! Links `moodbox-shared` into a program without std and without an allocator.
//!
//! If anything below it linked `std`, the panic handler would exist twice; if anything used `alloc`, the linker would miss a global
//! allocator. That this program links is the proof that neither does.

#![no_std]
#![no_main]

use core::panic::PanicInfo;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

// Start-up code and `memcpy`, which every hosted target takes from C.
#[link(name = "c")]
unsafe extern "C" {}

/// Where the C start-up code jumps to.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let posteriors = moodbox_shared::FacePosteriors::uniform();
    posteriors.best().0 as i32
}

/// Named by the precompiled core library; a program that aborts never calls it.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// As above.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() {}
