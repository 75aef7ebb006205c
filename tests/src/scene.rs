//! Frames with a face whose place is known: a FER2013 picture, upscaled, turned and set into a room without a hard edge around it.

use moodbox_shared::media::OwnedLuma;
use moodbox_shared::vision::CropSquare;

/// Side of a FER2013 picture, in pixels.
pub const PICTURE_SIDE: usize = 48;

/// Picture pixels over which the room takes over from the picture's border, on each side.
const MARGIN: usize = 24;
const CANVAS_SIDE: usize = PICTURE_SIDE + 2 * MARGIN;

/// Standard deviation of the sensor's noise, in grey levels.
const NOISE: f32 = 1.5;

/// Where in a frame the face stands, and what light falls on it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Columns and rows of the frame.
    pub size: (usize, usize),
    /// Side of the picture within the frame, in pixels.
    pub side: f32,
    /// Middle of the picture, in pixels of the frame.
    pub centre: (f32, f32),
    /// By how much the face is turned clockwise, in degrees.
    pub roll_degrees: f32,
    /// What every pixel is multiplied by.
    pub contrast: f32,
    /// What is added to every pixel afterwards, in grey levels.
    pub brightness: f32,
    /// Decides on the room and the noise.
    pub seed: u64,
}

impl Setting {
    /// A face of `side` pixels somewhere in the frame, upright, in the picture's own light. `seed` decides where.
    pub fn somewhere(size: (usize, usize), side: f32, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut place = |length: usize| {
            let free = (length as f32 - side).max(0.0);
            side / 2.0 + free * random.uniform()
        };
        let centre = (place(size.0), place(size.1));
        Self { size, side, centre, roll_degrees: 0.0, contrast: 1.0, brightness: 0.0, seed }
    }

    /// What of the frame the picture takes.
    pub fn truth(&self) -> CropSquare {
        let half = self.side / 2.0;
        CropSquare { x: self.centre.0 - half, y: self.centre.1 - half, side: self.side }
    }
}

/// Picture and surroundings, in picture pixels.
///
/// Around the picture its border goes on, the farther out the more blurred, and fades into a room of smoothly changing light.
pub struct Portrait {
    /// `CANVAS_SIDE²` grey levels.
    canvas: Vec<f32>,
    mean: f32,
}

impl Portrait {
    /// `picture`: 48×48 pixels.
    pub fn new(picture: &OwnedLuma) -> Self {
        let pixel = |x: isize, y: isize| {
            let at = |position: isize| position.clamp(0, PICTURE_SIDE as isize - 1) as usize;
            f32::from(picture.pixels()[at(y) * PICTURE_SIDE + at(x)])
        };
        let mut canvas = Vec::with_capacity(CANVAS_SIDE * CANVAS_SIDE);
        for index in 0..CANVAS_SIDE * CANVAS_SIDE {
            let x = (index % CANVAS_SIDE) as isize - MARGIN as isize;
            let y = (index / CANVAS_SIDE) as isize - MARGIN as isize;
            let radius = outside(x as f32, y as f32).min(6.0) as isize;
            let mut sum = 0.0;
            for row in y - radius..=y + radius {
                for column in x - radius..=x + radius {
                    sum += pixel(column, row);
                }
            }
            canvas.push(sum / (2 * radius + 1).pow(2) as f32);
        }
        let mean = picture.pixels().iter().map(|&pixel| f32::from(pixel)).sum::<f32>() / picture.pixels().len() as f32;
        Self { canvas, mean }
    }

    /// The frame that a camera would see: bicubic between the picture's pixels, with noise.
    pub fn frame(&self, setting: &Setting) -> OwnedLuma {
        let mut random = Random::new(setting.seed ^ 0x5EED);
        let light = self.mean + 60.0 * (random.uniform() - 0.5);
        let slope = (60.0 * (random.uniform() - 0.5), 60.0 * (random.uniform() - 0.5));
        let (width, height) = setting.size;
        let (sin, cos) = setting.roll_degrees.to_radians().sin_cos();
        let scale = PICTURE_SIDE as f32 / setting.side;
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let (dx, dy) = (x as f32 + 0.5 - setting.centre.0, y as f32 + 0.5 - setting.centre.1);
                // Where the middle of a pixel of the frame lies, counted in picture pixels from the middle of the first one.
                let u = (cos * dx + sin * dy) * scale + PICTURE_SIDE as f32 / 2.0 - 0.5;
                let v = (cos * dy - sin * dx) * scale + PICTURE_SIDE as f32 / 2.0 - 0.5;
                let room = light + slope.0 * (x as f32 / width as f32) + slope.1 * (y as f32 / height as f32);
                let fade = (outside(u, v) / MARGIN as f32).min(1.0);
                let value = if fade < 1.0 {
                    let weight = fade * fade * (3.0 - 2.0 * fade);
                    (1.0 - weight) * self.at(u, v) + weight * room
                } else {
                    room
                };
                let value = value * setting.contrast + setting.brightness + NOISE * random.normal();
                pixels.push(value.round().clamp(0.0, 255.0) as u8);
            }
        }
        OwnedLuma::new(width, height, pixels).expect("a frame with pixels")
    }

    /// Bicubic (Catmull-Rom) value at picture coordinates.
    fn at(&self, u: f32, v: f32) -> f32 {
        let (column, across) = taps(u);
        let (row, down) = taps(v);
        let clamp = |position: isize| position.clamp(0, CANVAS_SIDE as isize - 1) as usize;
        let mut value = 0.0;
        for (j, weight) in down.iter().enumerate() {
            let line = &self.canvas[clamp(row + j as isize) * CANVAS_SIDE..][..CANVAS_SIDE];
            let sum: f32 = (0..4).map(|i| across[i] * line[clamp(column + i as isize)]).sum();
            value += weight * sum;
        }
        value
    }
}

/// First of the four canvas pixels around a picture coordinate, and their weights.
fn taps(position: f32) -> (isize, [f32; 4]) {
    let position = position + MARGIN as f32;
    let t = position - position.floor();
    let weights = [
        0.5 * t * (-1.0 + t * (2.0 - t)),
        1.0 + 0.5 * t * t * (-5.0 + 3.0 * t),
        0.5 * t * (1.0 + t * (4.0 - 3.0 * t)),
        0.5 * t * t * (t - 1.0),
    ];
    (position.floor() as isize - 1, weights)
}

/// How far picture coordinates lie outside of the picture, in picture pixels.
fn outside(u: f32, v: f32) -> f32 {
    let beyond = |position: f32| (-0.5 - position).max(position - (PICTURE_SIDE as f32 - 0.5)).max(0.0);
    beyond(u).hypot(beyond(v))
}

/// Numbers that look like chance and are the same everywhere: SplitMix64 (Steele, Lea and Flood 2014).
pub struct Random(u64);

impl Random {
    /// The same `seed` gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// In `[0, 1)`.
    pub fn uniform(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Between `low` and `high`, ratios evenly.
    pub fn log_uniform(&mut self, low: f32, high: f32) -> f32 {
        low * (high / low).powf(self.uniform())
    }

    /// Nearly normal, variance 1: the sum of four evenly spread numbers.
    fn normal(&mut self) -> f32 {
        let bits = self.next();
        let sum: f32 = (0..4).map(|part| ((bits >> (16 * part)) & 0xFFFF) as f32 / 65_535.0).sum();
        (sum - 2.0) * 3.0f32.sqrt()
    }

    /// Below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}
