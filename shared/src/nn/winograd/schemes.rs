//! Convolutions along one axis with fewer multiplications than taps times outputs, in whole numbers.
//!
//! A scheme F(m, r) makes `m` neighbouring outputs of a convolution with `r` taps from `m + r − 1` products instead of `m · r`:
//!
//! ```text
//! scale · y = Aᵀ [(G g) ⊙ (Bᵀ d)]      yᵢ = Σₖ gₖ · d₍ᵢ₊ₖ₎
//! ```
//!
//! `g` are the taps, `d` the inputs under them; ⊙ multiplies number by number. It is the transpose of Toom and Cook's way to multiply
//! polynomials: two polynomials are known from their values at some points, ∞ among them (the leading coefficient), so are their product's
//! values, and these give its coefficients back. Winograd (*Arithmetic Complexity of Computations*, 1980) turned it into filters, Lavin and
//! Gray (*Fast Algorithms for Convolutional Neural Networks*, CVPR 2016) nested two of them for pictures.
//!
//! The fractions of the textbook matrices are multiplied out, so that nothing is rounded: `scale` times the sum comes out, and the
//! division by `scale` leaves no remainder. Factors are shifted between `A` and `G` so that `A` and `B` need additions and shifts only.

/// Numbers side by side on which a scheme works. All operations wrap.
pub(crate) trait Lanes: Copy {
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    /// Times `2^BITS`.
    fn shifted<const BITS: i32>(self) -> Self;
}

/// F(`OUTPUTS`, taps) with `POINTS` products.
pub(crate) trait Scheme<const POINTS: usize, const OUTPUTS: usize> {
    /// `Bᵀ d`.
    fn input<L: Lanes>(numbers: [L; POINTS]) -> [L; POINTS];

    /// `Aᵀ m`.
    fn output<L: Lanes>(products: [L; POINTS]) -> [L; OUTPUTS];
}

/// What is the same for all lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) taps: usize,
    /// What the outputs come out multiplied with.
    pub(crate) scale: i32,
    pub(crate) outputs: usize,
    /// `G`, `[point][tap]`.
    pub(crate) taps_matrix: &'static [&'static [i32]],
    /// The largest sum of absolute values of a row of `Bᵀ`.
    pub(crate) input_growth: i32,
}

impl Facts {
    pub(crate) const fn points(&self) -> usize {
        self.taps_matrix.len()
    }
}

/// F(1, 1): nothing happens along this axis.
pub(crate) struct Plain;

impl Plain {
    pub(crate) const FACTS: Facts = Facts { taps: 1, scale: 1, outputs: 1, taps_matrix: &[&[1]], input_growth: 1 };
}

impl Scheme<1, 1> for Plain {
    #[inline(always)]
    fn input<L: Lanes>(numbers: [L; 1]) -> [L; 1] {
        numbers
    }

    #[inline(always)]
    fn output<L: Lanes>(products: [L; 1]) -> [L; 1] {
        products
    }
}

/// F(2, 3), points 0, 1, −1, ∞: 4 products instead of 6.
///
/// ```text
///      ⎡1  0 −1  0⎤      ⎡2  0  0⎤
/// Bᵀ = ⎢0  1  1  0⎥  G = ⎢1  1  1⎥  Aᵀ = ⎡1  1  1  0⎤
///      ⎢0 −1  1  0⎥      ⎢1 −1  1⎥       ⎣0  1 −1 −1⎦
///      ⎣0  1  0 −1⎦      ⎣0  0  2⎦
/// ```
pub(crate) struct TwoOfThree;

impl TwoOfThree {
    pub(crate) const FACTS: Facts = Facts {
        taps: 3,
        scale: 2,
        outputs: 2,
        taps_matrix: &[&[2, 0, 0], &[1, 1, 1], &[1, -1, 1], &[0, 0, 2]],
        input_growth: 2,
    };
}

impl Scheme<4, 2> for TwoOfThree {
    #[inline(always)]
    fn input<L: Lanes>([a, b, c, d]: [L; 4]) -> [L; 4] {
        [a.minus(c), b.plus(c), c.minus(b), b.minus(d)]
    }

    #[inline(always)]
    fn output<L: Lanes>([zero, plus, minus, infinity]: [L; 4]) -> [L; 2] {
        [zero.plus(plus).plus(minus), plus.minus(minus).minus(infinity)]
    }
}

/// F(4, 3), points 0, ±1, ±2, ∞: 6 products instead of 12.
///
/// ```text
///      ⎡4  0 −5  0  1  0⎤      ⎡ 6  0  0⎤
///      ⎢0 −4 −4  1  1  0⎥      ⎢−4 −4 −4⎥       ⎡1  1  1  1  1  0⎤
/// Bᵀ = ⎢0  4 −4 −1  1  0⎥  G = ⎢−4  4 −4⎥  Aᵀ = ⎢0  1 −1  2 −2  0⎥
///      ⎢0 −2 −1  2  1  0⎥      ⎢ 1  2  4⎥       ⎢0  1  1  4  4  0⎥
///      ⎢0  2 −1 −2  1  0⎥      ⎢ 1 −2  4⎥       ⎣0  1 −1  8 −8  2⎦
///      ⎣0  4  0 −5  0  1⎦      ⎣ 0  0 12⎦
/// ```
pub(crate) struct FourOfThree;

impl FourOfThree {
    pub(crate) const FACTS: Facts = Facts {
        taps: 3,
        scale: 24,
        outputs: 4,
        taps_matrix: &[&[6, 0, 0], &[-4, -4, -4], &[-4, 4, -4], &[1, 2, 4], &[1, -2, 4], &[0, 0, 12]],
        input_growth: 10,
    };
}

impl Scheme<6, 4> for FourOfThree {
    #[inline(always)]
    fn input<L: Lanes>([a, b, c, d, e, f]: [L; 6]) -> [L; 6] {
        let (even, odd) = (e.minus(c.shifted::<2>()), d.minus(b.shifted::<2>()));
        let (e_c, d_b) = (e.minus(c), d.minus(b));
        let twice = d_b.plus(d_b);
        [
            a.minus(c).shifted::<2>().plus(e_c),
            even.plus(odd),
            even.minus(odd),
            e_c.plus(twice),
            e_c.minus(twice),
            f.minus(d).minus(d_b.shifted::<2>()),
        ]
    }

    #[inline(always)]
    fn output<L: Lanes>([zero, plus, minus, plus_two, minus_two, infinity]: [L; 6]) -> [L; 4] {
        let (sum, difference) = (plus.plus(minus), plus.minus(minus));
        let (sum_two, difference_two) = (plus_two.plus(minus_two), plus_two.minus(minus_two));
        [
            zero.plus(sum).plus(sum_two),
            difference.plus(difference_two.shifted::<1>()),
            sum.plus(sum_two.shifted::<2>()),
            difference.plus(difference_two.shifted::<2>().plus(infinity).shifted::<1>()),
        ]
    }
}

/// F(4, 5), points 0, ±1, ±2, ±½, ∞: 8 products instead of 20.
///
/// ```text
///      ⎡−4  0 21   0 −21  0  4  0⎤      ⎡−90   0   0   0   0⎤
///      ⎢ 0  4  4 −17 −17  4  4  0⎥      ⎢−20 −20 −20 −20 −20⎥
///      ⎢ 0 −4  4  17 −17 −4  4  0⎥      ⎢−20  20 −20  20 −20⎥       ⎡1  1  1  1  1  8  8  0⎤
/// Bᵀ = ⎢ 0  2  1 −10  −5  8  4  0⎥  G = ⎢  1   2   4   8  16⎥  Aᵀ = ⎢0  1 −1  2 −2  4 −4  0⎥
///      ⎢ 0 −2  1  10  −5 −8  4  0⎥      ⎢  1  −2   4  −8  16⎥       ⎢0  1  1  4  4  2  2  0⎥
///      ⎢ 0  4  8  −5 −10  1  2  0⎥      ⎢ 16   8   4   2   1⎥       ⎣0  1 −1  8 −8  1 −1  1⎦
///      ⎢ 0 −4  8   5 −10 −1  2  0⎥      ⎢ 16  −8   4  −2   1⎥
///      ⎣ 0 −4  0  21   0 −21 0  4⎦      ⎣  0   0   0   0  90⎦
/// ```
pub(crate) struct FourOfFive;

impl FourOfFive {
    pub(crate) const FACTS: Facts = Facts {
        taps: 5,
        scale: 360,
        outputs: 4,
        taps_matrix: &[
            &[-90, 0, 0, 0, 0],
            &[-20, -20, -20, -20, -20],
            &[-20, 20, -20, 20, -20],
            &[1, 2, 4, 8, 16],
            &[1, -2, 4, -8, 16],
            &[16, 8, 4, 2, 1],
            &[16, -8, 4, -2, 1],
            &[0, 0, 0, 0, 90],
        ],
        input_growth: 50,
    };
}

impl Scheme<8, 4> for FourOfFive {
    #[inline(always)]
    fn input<L: Lanes>([a, b, c, d, e, f, g, h]: [L; 8]) -> [L; 8] {
        let (d5, e5) = (d.plus(d.shifted::<2>()), e.plus(e.shifted::<2>()));
        let (d17, e17) = (d.plus(d.shifted::<4>()), e.plus(e.shifted::<4>()));
        let (c_e, d_f) = (c.minus(e), d.minus(f));
        let c_e21 = c_e.plus(c_e.shifted::<2>()).plus(c_e.shifted::<4>());
        let d_f21 = d_f.plus(d_f.shifted::<2>()).plus(d_f.shifted::<4>());
        let one = [c.plus(g).shifted::<2>().minus(e17), b.plus(f).shifted::<2>().minus(d17)];
        let two = [g.shifted::<2>().minus(e5).plus(c), f.shifted::<2>().minus(d5).plus(b).shifted::<1>()];
        let half = [c.shifted::<2>().minus(e5).plus(g).shifted::<1>(), b.shifted::<2>().minus(d5).plus(f)];
        [
            g.minus(a).shifted::<2>().plus(c_e21),
            one[0].plus(one[1]),
            one[0].minus(one[1]),
            two[0].plus(two[1]),
            two[0].minus(two[1]),
            half[0].plus(half[1]),
            half[0].minus(half[1]),
            h.minus(b).shifted::<2>().plus(d_f21),
        ]
    }

    #[inline(always)]
    fn output<L: Lanes>(products: [L; 8]) -> [L; 4] {
        let [zero, plus, minus, plus_two, minus_two, plus_half, minus_half, infinity] = products;
        let (sum, difference) = (plus.plus(minus), plus.minus(minus));
        let (sum_two, difference_two) = (plus_two.plus(minus_two), plus_two.minus(minus_two));
        let (sum_half, difference_half) = (plus_half.plus(minus_half), plus_half.minus(minus_half));
        [
            zero.plus(sum).plus(sum_two).plus(sum_half.shifted::<3>()),
            difference.plus(difference_two.plus(difference_half.shifted::<1>()).shifted::<1>()),
            sum.plus(sum_two.shifted::<1>().plus(sum_half).shifted::<1>()),
            difference.plus(difference_two.shifted::<3>()).plus(difference_half).plus(infinity),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    extern crate std;

    impl Lanes for i64 {
        fn plus(self, other: Self) -> Self {
            self + other
        }

        fn minus(self, other: Self) -> Self {
            self - other
        }

        fn shifted<const BITS: i32>(self) -> Self {
            self << BITS
        }
    }

    /// Whether a scheme is the convolution that it says it is, and its inputs grow as it says. One number after the other being one and
    /// all others zero would do, as everything is linear; random ones are checked beside.
    fn convolves<S: Scheme<P, M>, const P: usize, const M: usize>(facts: Facts, taps: &[i64], numbers: [i64; P]) {
        assert_eq!((facts.points(), facts.outputs, facts.taps), (P, M, P + 1 - M));
        let taps = &taps[..facts.taps];
        let transformed = S::input(numbers);
        let mut products = transformed;
        for (product, row) in products.iter_mut().zip(facts.taps_matrix) {
            *product *= row.iter().zip(taps).map(|(&factor, tap)| i64::from(factor) * tap).sum::<i64>();
        }
        let expected: [i64; M] =
            core::array::from_fn(|place| taps.iter().zip(&numbers[place..]).map(|(tap, number)| tap * number).sum());
        assert_eq!(S::output(products), expected.map(|sum| sum * i64::from(facts.scale)));

        // The columns of Bᵀ, one at a time.
        let mut growth = [0; P];
        for place in 0..P {
            let unit = core::array::from_fn(|other| i64::from(other == place));
            growth.iter_mut().zip(S::input(unit)).for_each(|(sum, factor)| *sum += factor.abs());
        }
        assert_eq!(growth.into_iter().max(), Some(facts.input_growth.into()));
    }

    proptest! {
        #[test]
        fn every_scheme_is_a_convolution(
            taps in any::<[i8; 5]>().prop_map(|taps| taps.map(i64::from)),
            numbers in any::<[i8; 8]>().prop_map(|numbers| numbers.map(i64::from)),
        ) {
            convolves::<Plain, 1, 1>(Plain::FACTS, &taps, *numbers.first_chunk().unwrap());
            convolves::<TwoOfThree, 4, 2>(TwoOfThree::FACTS, &taps, *numbers.first_chunk().unwrap());
            convolves::<FourOfThree, 6, 4>(FourOfThree::FACTS, &taps, *numbers.first_chunk().unwrap());
            convolves::<FourOfFive, 8, 4>(FourOfFive::FACTS, &taps, numbers);
        }
    }
}
