//! The two boards that are emulated: how QEMU makes them, where their pins can be read, and what the box is told to use on them.

use crate::material::FRAME_SIZE;
use clap::ValueEnum;
use moodbox_shared::Emotion;
use std::path::Path;

/// A board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Machine {
    /// A Raspberry Pi 3 B, its pins driven by `rppal`.
    Raspi3b,
    /// A board of no maker with a PL061, its lines driven through the GPIO character device.
    Virt,
}

impl Machine {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raspi3b => "raspi3b",
            Self::Virt => "virt",
        }
    }

    /// Pins of the LEDs in the order of [`Emotion::ALL`]; each is also the bit of its level.
    const fn pins(self) -> [u32; Emotion::ALL.len()] {
        match self {
            Self::Raspi3b => [17, 18, 27, 22, 23, 24, 25, 5],
            Self::Virt => [0, 1, 2, 3, 4, 5, 6, 7],
        }
    }

    /// Pin of the status LED, where there is one left.
    pub const fn status_pin(self) -> Option<u32> {
        match self {
            Self::Raspi3b => Some(6),
            Self::Virt => None,
        }
    }

    /// Pin of an emotion's LED.
    pub const fn pin(self, emotion: Emotion) -> u32 {
        self.pins()[emotion.index()]
    }

    /// Which of the eight LEDs are lit, of a word of levels.
    pub fn lit(self, levels: u32) -> Vec<Emotion> {
        Emotion::ALL.into_iter().filter(|emotion| levels & (1 << self.pin(*emotion)) != 0).collect()
    }

    /// Where the levels stand: GPLEV0 of a BCM2837, or GPIODATA of a PL061 with all eight lines unmasked.
    pub const fn level_register(self) -> u64 {
        match self {
            Self::Raspi3b => 0x3f20_0034,
            Self::Virt => 0x0903_03fc,
        }
    }

    /// Arguments of QEMU that make the board; the console is the character device `console`, the box's serial line `link`.
    ///
    /// * `base`: the folder that `tests/lab/prepare` has made
    pub fn arguments(self, base: &Path) -> Vec<String> {
        let device_tree = base.join("bcm2837-rpi-3-b.dtb").display().to_string();
        // A program of the guest may map a device's registers (`iomem`); a panic ends the machine at once.
        let kernel = |end: &str| format!("console=ttyAMA0 iomem=relaxed loglevel=3 panic=-1 lab_end={end}");
        let arguments: &[&str] = match self {
            Self::Raspi3b => &[
                "-M",
                "raspi3b",
                "-m",
                "1G",
                "-dtb",
                &device_tree,
                "-serial",
                "chardev:console",
                "-serial",
                "chardev:link",
            ],
            Self::Virt => &[
                "-M",
                "virt",
                "-cpu",
                "cortex-a53",
                "-smp",
                "4",
                "-m",
                "1G",
                "-nic",
                "none",
                "-serial",
                "chardev:console",
                "-device",
                "pci-serial,chardev=link",
            ],
        };
        let end = match self {
            Self::Raspi3b => "watchdog",
            Self::Virt => "power",
        };
        arguments.iter().map(|&argument| argument.to_owned()).chain(["-append".to_owned(), kernel(end)]).collect()
    }

    /// How the box is called on this board.
    pub fn box_command(self) -> String {
        let pins = self.pins().map(|pin| pin.to_string()).join(",");
        let (leds, serial) = match self {
            Self::Raspi3b => (format!("rppal:{pins}"), "/dev/ttyS1"),
            Self::Virt => (format!("gpiocdev:/dev/gpiochip0:{pins}"), "/dev/ttyS0"),
        };
        let status = self.status_pin().map(|pin| format!("--status-led {pin}")).unwrap_or_default();
        let (width, height) = FRAME_SIZE;
        format!(
            "run --camera v4l:/dev/video0 --camera-size {width}x{height} --camera-rate 30 {WATCHING} \
             --microphone alsa:hw:Loopback,1,0 --leds {leds} {status} --serial {serial} --trace /tmp/trace"
        )
    }
}

/// How the box watches, live and in the replay: the detector looks at every frame, so that each frame is judged by itself.
pub const WATCHING: &str = "--detect-every 1";
