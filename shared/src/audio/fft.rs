//! From real samples to the power of their frequencies: a fast Fourier transform that compilers make vector instructions of.
//!
//! `2N` real samples are transformed as `N` complex numbers, by Stockham's algorithm with radix 4 (Van Loan, Computational Frameworks for
//! the Fast Fourier Transform, 1992): every pass reads the four quarters of its numbers and writes them in the order that the next one
//! needs. Real and imaginary parts lie apart and loops run over neighbours, so a compiler sees vectors in them on every machine that has
//! such, without a line for any of them. (`microfft` keeps its numbers in pairs, which costs several times as long; it is what the tests hold
//! this one against.) Additions and multiplications come in a fixed order: every machine gets the same bits.

use core::f64::consts::TAU;

/// Numbers that a loop takes at once: so many that a compiler vectorises the loop instead of unrolling it.
const RUN: usize = 16;

/// Complex numbers in rows, real and imaginary parts apart.
struct Plane<const ROWS: usize, const LENGTH: usize> {
    re: [[f32; LENGTH]; ROWS],
    im: [[f32; LENGTH]; ROWS],
}

impl<const ROWS: usize, const LENGTH: usize> Plane<ROWS, LENGTH> {
    const ZERO: Self = Self { re: [[0.0; LENGTH]; ROWS], im: [[0.0; LENGTH]; ROWS] };

    #[inline(always)]
    fn at(&self, row: usize, index: usize) -> Complex {
        Complex { re: self.re[row][index], im: self.im[row][index] }
    }

    #[inline(always)]
    fn set(&mut self, row: usize, index: usize, number: Complex) {
        (self.re[row][index], self.im[row][index]) = (number.re, number.im);
    }
}

impl<const LENGTH: usize> Plane<3, LENGTH> {
    #[inline(always)]
    fn column(&self, index: usize) -> [Complex; 3] {
        [self.at(0, index), self.at(1, index), self.at(2, index)]
    }
}

impl<const LENGTH: usize> Plane<4, LENGTH> {
    #[inline(always)]
    fn column(&self, index: usize) -> [Complex; 4] {
        [self.at(0, index), self.at(1, index), self.at(2, index), self.at(3, index)]
    }
}

/// Transform of `8 · QUARTER` real samples as `N = 4 · QUARTER` complex numbers. `QUARTER` is 128 or 256.
pub(super) struct RealFft<const QUARTER: usize> {
    /// `e^(−2πi·r·p / N)` at `[r − 1][p]`: the factors of the first pass, of which those from the third on use some.
    turns: Plane<3, QUARTER>,
    /// The factors of the second pass, each as often as it is used in a row: four times.
    second_turns: Plane<3, QUARTER>,
    /// `e^(−πi·k / N)` for `k = 1..=N / 2`: what joins the spectra of even and odd samples.
    joints: Plane<2, QUARTER>,
    numbers: Plane<4, QUARTER>,
    spare: Plane<4, QUARTER>,
}

impl<const QUARTER: usize> RealFft<QUARTER> {
    pub(super) const EMPTY: Self = Self {
        turns: Plane::ZERO,
        second_turns: Plane::ZERO,
        joints: Plane::ZERO,
        numbers: Plane::ZERO,
        spare: Plane::ZERO,
    };

    pub(super) fn fill(&mut self) {
        const { assert!(QUARTER == 128 || QUARTER == 256) };
        let turn = |angle: f64| Complex { re: libm::cos(angle) as f32, im: -libm::sin(angle) as f32 };
        let step = TAU / (4 * QUARTER) as f64;
        for index in 0..QUARTER {
            for row in 0..3 {
                let angle = step * (row + 1) as f64;
                self.turns.set(row, index, turn(angle * index as f64));
                self.second_turns.set(row, index, turn(angle * (index / 4 * 4) as f64));
            }
            for row in 0..2 {
                self.joints.set(row, index, turn(step / 2.0 * (row * QUARTER + index + 1) as f64));
            }
        }
    }

    /// Power of a frame.
    ///
    /// * `frame`, `window`: `[8 · QUARTER]`, multiplied with each other
    /// * `power`: `[4 · QUARTER + 1]`, receives `|X[k]|²`
    pub(super) fn power(&mut self, frame: &[f32], window: &[f32], power: &mut [f32]) {
        let Self { turns, second_turns, joints, numbers, spare } = self;
        load(frame, window, numbers);
        first_pass(turns, numbers, spare);
        second_pass(second_turns, spare, numbers);
        later_pass::<16, QUARTER>(turns, numbers, spare);
        later_pass::<64, QUARTER>(turns, spare, numbers);
        if QUARTER == 256 {
            later_pass::<256, QUARTER>(turns, numbers, spare);
        } else {
            halves_pass(numbers, spare);
        }
        join(joints, spare, power);
    }
}

#[derive(Clone, Copy)]
struct Complex {
    re: f32,
    im: f32,
}

impl Complex {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    #[inline(always)]
    fn times_minus_i(self) -> Self {
        Self { re: self.im, im: -self.re }
    }

    #[inline(always)]
    fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }
}

/// Even samples become real, odd ones imaginary parts.
fn load<const Q: usize>(frame: &[f32], window: &[f32], numbers: &mut Plane<4, Q>) {
    let numbers = numbers.re.as_flattened_mut().iter_mut().zip(numbers.im.as_flattened_mut());
    let pairs = frame.as_chunks::<2>().0.iter().zip(window.as_chunks::<2>().0);
    for ((re, im), (samples, weights)) in numbers.zip(pairs) {
        *re = samples[0] * weights[0];
        *im = samples[1] * weights[1];
    }
}

/// Transform of four numbers, each but the first turned thereafter.
#[inline(always)]
fn butterfly([a, b, c, d]: [Complex; 4], turns: [Complex; 3]) -> [Complex; 4] {
    let (even, even_rest) = (a.plus(c), a.minus(c));
    let (odd, odd_rest) = (b.plus(d), b.minus(d).times_minus_i());
    [
        even.plus(odd),
        turns[0].times(even_rest.plus(odd_rest)),
        turns[1].times(even.minus(odd)),
        turns[2].times(even_rest.minus(odd_rest)),
    ]
}

/// What each column becomes lies together.
fn first_pass<const Q: usize>(turns: &Plane<3, Q>, from: &Plane<4, Q>, to: &mut Plane<4, Q>) {
    let to_re = to.re.as_flattened_mut().as_chunks_mut::<4>().0;
    let to_im = to.im.as_flattened_mut().as_chunks_mut::<4>().0;
    for p in 0..Q {
        let numbers = butterfly(from.column(p), turns.column(p));
        to_re[p] = numbers.map(|number| number.re);
        to_im[p] = numbers.map(|number| number.im);
    }
}

/// As [`later_pass`] with four columns; so few are collected until there is a run of them.
fn second_pass<const Q: usize>(turns: &Plane<3, Q>, from: &Plane<4, Q>, to: &mut Plane<4, Q>) {
    let to_re = to.re.as_flattened_mut().as_chunks_mut::<4>().0.as_chunks_mut::<RUN>().0;
    let to_im = to.im.as_flattened_mut().as_chunks_mut::<4>().0.as_chunks_mut::<RUN>().0;
    for (run, (to_re, to_im)) in to_re.iter_mut().zip(to_im).enumerate() {
        let mut collected = Plane::<4, RUN>::ZERO;
        for q in 0..RUN {
            let numbers = butterfly(from.column(run * RUN + q), turns.column(run * RUN + q));
            for (r, number) in numbers.into_iter().enumerate() {
                collected.set(r, q, number);
            }
        }
        for (index, (to_re, to_im)) in to_re.iter_mut().zip(to_im).enumerate() {
            *to_re = collected.re[index % 4].as_chunks().0[index / 4];
            *to_im = collected.im[index % 4].as_chunks().0[index / 4];
        }
    }
}

/// `S` columns have the same factors; what they become by the first factor lies together, then that by the second, …
fn later_pass<const S: usize, const Q: usize>(turns: &Plane<3, Q>, from: &Plane<4, Q>, to: &mut Plane<4, Q>) {
    let to_re = to.re.as_flattened_mut().as_chunks_mut::<S>().0.as_chunks_mut::<4>().0;
    let to_im = to.im.as_flattened_mut().as_chunks_mut::<S>().0.as_chunks_mut::<4>().0;
    for (p, (to_re, to_im)) in to_re.iter_mut().zip(to_im).enumerate() {
        let turns = turns.column(p * S);
        for q in 0..S {
            let numbers = butterfly(from.column(p * S + q), turns);
            for (r, number) in numbers.into_iter().enumerate() {
                to_re[r][q] = number.re;
                to_im[r][q] = number.im;
            }
        }
    }
}

/// The last pass where the count of numbers is no power of four.
fn halves_pass<const Q: usize>(from: &Plane<4, Q>, to: &mut Plane<4, Q>) {
    for (from, to) in [(&from.re, &mut to.re), (&from.im, &mut to.im)] {
        for r in 0..2 {
            for q in 0..Q {
                to[r][q] = from[r][q] + from[r + 2][q];
                to[r + 2][q] = from[r][q] - from[r + 2][q];
            }
        }
    }
}

/// From the spectrum of the complex numbers to that of the real samples, from both ends to the middle.
fn join<const Q: usize>(joints: &Plane<2, Q>, numbers: &Plane<4, Q>, power: &mut [f32]) {
    let (re, im) = (numbers.re.as_flattened(), numbers.im.as_flattened());
    let (joint_re, joint_im) = (joints.re.as_flattened(), joints.im.as_flattened());
    let power = &mut power[..=4 * Q];
    for start in (0..2 * Q).step_by(RUN) {
        let (front, back) = (start + 1, 4 * Q - start - RUN);
        let (front_re, front_im) = (&re[front..][..RUN], &im[front..][..RUN]);
        let (back_re, back_im) = (&re[back..][..RUN], &im[back..][..RUN]);
        let (joint_re, joint_im) = (&joint_re[start..][..RUN], &joint_im[start..][..RUN]);
        let (mut front_power, mut back_power) = ([0.0; RUN], [0.0; RUN]);
        for k in 0..RUN {
            let mirrored = RUN - 1 - k;
            let number = Complex { re: front_re[k], im: front_im[k] };
            let conjugate = Complex { re: back_re[mirrored], im: -back_im[mirrored] };
            let even = number.plus(conjugate);
            let odd = number.minus(conjugate).times_minus_i().times(Complex { re: joint_re[k], im: joint_im[k] });
            // Even and odd are twice the spectra, so powers are four times too large.
            front_power[k] = 0.25 * even.plus(odd).power();
            back_power[mirrored] = 0.25 * even.minus(odd).power();
        }
        power[front..][..RUN].copy_from_slice(&front_power);
        power[back..][..RUN].copy_from_slice(&back_power);
    }
    let (constant, alternating) = (re[0] + im[0], re[0] - im[0]);
    (power[0], power[4 * Q]) = (constant * constant, alternating * alternating);
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn powers<const QUARTER: usize>(frame: &[f32]) -> Vec<f32> {
        let mut fft = RealFft::<QUARTER>::EMPTY;
        fft.fill();
        let mut power = std::vec![f32::NAN; 4 * QUARTER + 1];
        fft.power(frame, &std::vec![1.0; 8 * QUARTER], &mut power);
        power
    }

    /// Each frequency by itself, from the definition.
    fn defined_powers(frame: &[f32]) -> Vec<f64> {
        let power = |k: usize| {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, &sample) in frame.iter().enumerate() {
                let angle = TAU * (k * n % frame.len()) as f64 / frame.len() as f64;
                re += f64::from(sample) * libm::cos(angle);
                im -= f64::from(sample) * libm::sin(angle);
            }
            re * re + im * im
        };
        (0..=frame.len() / 2).map(power).collect()
    }

    fn assert_right<const QUARTER: usize>() {
        // Cubes modulo a prime look like noise.
        let frame: Vec<f32> = (0..8 * QUARTER as u64).map(|n| (n * n * n % 509) as f32 / 254.5 - 1.0).collect();
        let right = defined_powers(&frame);
        let mean = right.iter().sum::<f64>() / right.len() as f64;
        for (k, (power, right)) in powers::<QUARTER>(&frame).into_iter().zip(right).enumerate() {
            assert!((f64::from(power) - right).abs() < 1e-6 * mean.max(right), "{k}: {power}, not {right}");
        }
    }

    #[test]
    fn both_sizes_are_what_the_definition_says() {
        assert_right::<128>();
        assert_right::<256>();
    }

    #[test]
    fn another_library_finds_the_same() {
        let frame: [f32; 2048] = core::array::from_fn(|n| (n * n % 1_021) as f32 / 510.5 - 1.0);
        let ours = powers::<256>(&frame);
        let mut samples = frame;
        let theirs = microfft::real::rfft_2048(&mut samples);
        // The last bin is real, and stands in for what the first has no use for.
        let (first, last) = (theirs[0].re, theirs[0].im);
        let between = theirs[1..].iter().map(|bin| bin.re * bin.re + bin.im * bin.im);
        let theirs: Vec<f32> = [first * first].into_iter().chain(between).chain([last * last]).collect();
        let mean = theirs.iter().sum::<f32>() / theirs.len() as f32;
        assert_eq!(ours.len(), theirs.len());
        for (k, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            assert!((ours - theirs).abs() < 2e-6 * mean.max(*theirs), "{k}: {ours}, not {theirs}");
        }
    }

    #[test]
    fn constant_and_alternating_signals_lie_at_the_two_ends() {
        let mut expected = [0.0; 1025];
        expected[0] = 2048.0 * 2048.0;
        assert_eq!(powers::<256>(&[1.0; 2048]), expected);
        expected.reverse();
        let alternating: [f32; 2048] = core::array::from_fn(|n| if n.is_multiple_of(2) { 1.0 } else { -1.0 });
        assert_eq!(powers::<256>(&alternating), expected);
    }
}
