//! The colours of variants in pictures: the same on every page and in every figure.

/// Red, green and blue of middle tones that are read on white and on black.
const COLOURS: [(u8, u8, u8); 8] = [
    (59, 130, 196),
    (217, 130, 30),
    (47, 158, 110),
    (200, 85, 110),
    (138, 111, 209),
    (150, 130, 60),
    (74, 163, 181),
    (170, 90, 160),
];

/// How many colours there are.
pub const COUNT: usize = COLOURS.len();

/// The colour of the variant with this number; beyond the last one they begin again.
#[must_use]
pub const fn colour(at: usize) -> (u8, u8, u8) {
    COLOURS[at % COUNT]
}
