//! The functions beyond `+ - * /` are gathered here because the platform's own differ in the last bit from machine to machine.
//!
//! All come from the `libm` crate, which computes them in plain Rust, or are written out; bit tests pin them. `sqrt` is exact by the
//! standard of floating point, so the processor's may be used.

/// The natural logarithm: NaN below zero, minus infinity at zero.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// `ln(1 + x)`, exact for small `x` too.
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// The exponential function.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// `base` raised to `exponent`.
pub fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// The square root, correctly rounded: NaN below zero.
pub fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

/// The sine of `x` radians, for daily and weekly waves.
pub fn sin(x: f64) -> f64 {
    libm::sin(x)
}

/// The cosine of `x` radians.
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// The gamma function: `gamma(n) = (n - 1)!` for whole `n`.
pub fn gamma(x: f64) -> f64 {
    libm::tgamma(x)
}

/// The error function.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// The probability that a standard normal variable is below `z`; exact in the lower tail too.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * core::f64::consts::FRAC_1_SQRT_2)
}

/// The standard normal quantile: the `z` with `normal_cdf(z) = p`. Relative error about 1e-15.
///
/// Minus infinity at 0, plus infinity at 1, exactly 0 at one half, NaN outside of [0, 1].
pub fn inverse_normal_cdf(p: f64) -> f64 {
    // Wichura's algorithm AS 241 (PPND16), Applied Statistics 37 (1988): a rational function around the centre and two in the tails.
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&CENTRE_ABOVE, r) / polynomial(&CENTRE_BELOW, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail.is_nan() || tail < 0.0 {
        return f64::NAN;
    }
    let z = if tail == 0.0 {
        f64::INFINITY
    } else {
        let r = sqrt(-ln(tail));
        if r <= 5.0 {
            polynomial(&NEAR_ABOVE, r - 1.6) / polynomial(&NEAR_BELOW, r - 1.6)
        } else {
            polynomial(&FAR_ABOVE, r - 5.0) / polynomial(&FAR_BELOW, r - 5.0)
        }
    };
    if q < 0.0 { -z } else { z }
}

/// Horner's scheme; the constant term comes first.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

const CENTRE_ABOVE: [f64; 8] = [
    3.387_132_872_796_366_5,
    133.141_667_891_784_38,
    1_971.590_950_306_551_3,
    13_731.693_765_509_46,
    45_921.953_931_549_87,
    67_265.770_927_008_7,
    33_430.575_583_588_13,
    2_509.080_928_730_122_7,
];
const CENTRE_BELOW: [f64; 8] = [
    1.0,
    42.313_330_701_600_91,
    687.187_007_492_057_9,
    5_394.196_021_424_751,
    21_213.794_301_586_597,
    39_307.895_800_092_71,
    28_729.085_735_721_943,
    5_226.495_278_852_545,
];
const NEAR_ABOVE: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    0.241_780_725_177_450_6,
    0.022_723_844_989_269_184,
    7.745_450_142_783_414e-4,
];
const NEAR_BELOW: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    0.689_767_334_985_1,
    0.148_103_976_427_480_08,
    0.015_198_666_563_616_457,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const FAR_ABOVE: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    0.296_560_571_828_504_87,
    0.026_532_189_526_576_124,
    0.001_242_660_947_388_078_4,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_BELOW: [f64; 8] = [
    1.0,
    0.599_832_206_555_888,
    0.136_929_880_922_735_8,
    0.014_875_361_290_850_615,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_7e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(a: f64, b: f64, relative: f64) {
        assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b}");
    }

    #[test]
    fn known_values() {
        assert_eq!(ln(1.0), 0.0);
        assert_eq!(ln(0.0), f64::NEG_INFINITY);
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(pow(2.0, 10.0), 1_024.0);
        assert_eq!(sqrt(2.25), 1.5);
        assert_eq!((sin(0.0), cos(0.0)), (0.0, 1.0));
        assert_eq!(ln_1p(1e-20), 1e-20);
        close(gamma(5.0), 24.0, 1e-14);
        close(gamma(1.5), 0.886_226_925_452_758, 1e-14);
        close(erf(1.0), 0.842_700_792_949_714_9, 1e-15);
        close(normal_cdf(1.959_963_984_540_054), 0.975, 1e-15);
        close(normal_cdf(-10.0), 7.619_853_024_160_525e-24, 1e-13);
    }

    #[test]
    fn inverse_normal_at_known_places() {
        assert_eq!(inverse_normal_cdf(0.5).to_bits(), 0.0_f64.to_bits());
        assert_eq!(inverse_normal_cdf(0.0), f64::NEG_INFINITY);
        assert_eq!(inverse_normal_cdf(1.0), f64::INFINITY);
        assert!(
            inverse_normal_cdf(-0.1).is_nan()
                && inverse_normal_cdf(1.1).is_nan()
                && inverse_normal_cdf(f64::NAN).is_nan()
        );
        // One value for each of the three rational functions, from Wichura's paper.
        close(inverse_normal_cdf(0.25), -0.674_489_750_196_081_7, 1e-15);
        close(inverse_normal_cdf(0.001), -3.090_232_306_167_813_5, 1e-15);
        close(inverse_normal_cdf(1e-20), -9.262_340_089_798_408, 1e-15);
    }

    #[test]
    fn inverse_normal_inverts_everywhere() {
        let mut previous = f64::NEG_INFINITY;
        for step in 1..2_000 {
            let p = f64::from(step) / 2_000.0;
            let z = inverse_normal_cdf(p);
            assert!(z > previous);
            close(normal_cdf(z), p, 4e-15);
            previous = z;
        }
        for exponent in 3..300 {
            let p = pow(10.0, -f64::from(exponent));
            close(normal_cdf(inverse_normal_cdf(p)), p, 1e-12);
        }
    }

    #[test]
    fn pinned_to_the_last_bit() {
        let values = [
            ln(3.0),
            ln(1e-300),
            ln_1p(-0.3),
            exp(1.0),
            exp(-20.5),
            pow(1.7, 3.3),
            pow(0.01, 0.2),
            sqrt(2.0),
            sin(1.0),
            cos(100.0),
            gamma(0.3),
            gamma(4.7),
            erf(0.3),
            normal_cdf(-1.0),
            normal_cdf(2.5),
            inverse_normal_cdf(0.6),
            inverse_normal_cdf(0.95),
            inverse_normal_cdf(0.999),
            inverse_normal_cdf(1e-15),
        ];
        let bits = values.map(f64::to_bits);
        assert_eq!(
            bits,
            [
                0x3ff193ea7aad030a,
                0xc085963447f87fb5,
                0xbfd6d3c324e13f4e,
                0x4005bf0a8b14576a,
                0x3e157a3afeed00ab,
                0x40170b0a6f6eccfa,
                0x3fd97a967f7524b2,
                0x3ff6a09e667f3bcd,
                0x3feaed548f090cee,
                0x3feb981dbf665fdf,
                0x4007eebbb8aec4ab,
                0x402edce1fb32a336,
                0x3fd50838881dea0f,
                0x3fc44ed0bb7cb20a,
                0x3fefcd21635036c6,
                0x3fd036d6c4a04b5a,
                0x3ffa515209676ab8,
                0x4008b8cbb7204470,
                0xc01fc3f007789667
            ],
            "{bits:#x?}"
        );
    }
}
