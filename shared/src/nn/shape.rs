//! Sizes of tensors and of the windows that slide over them.

use serde::{Deserialize, Serialize};

/// Height × width × channels, channels innermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Rows.
    pub height: u16,
    /// Columns.
    pub width: u16,
    /// Numbers a place.
    pub channels: u16,
}

impl Shape {
    /// Numbers in the tensor; `usize::MAX` where they can't be counted.
    pub const fn len(self) -> usize {
        (self.height as usize).saturating_mul(self.width as usize).saturating_mul(self.channels as usize)
    }

    /// Whether a side is zero.
    pub const fn is_empty(self) -> bool {
        self.height == 0 || self.width == 0 || self.channels == 0
    }
}

/// A window that slides over a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its height and width.
    pub kernel: [u16; 2],
    /// Steps down and right.
    pub stride: [u16; 2],
    /// Rows and columns put around the tensor: top, left, bottom, right. Each is smaller than the window, so that every window meets
    /// the tensor.
    pub padding: [u16; 4],
}

impl Window {
    /// Height and width of the output over an input of `height` × `width`: `(size + padding − kernel) / stride + 1`, rounded down.
    ///
    /// `None` if the window is empty, does not move, has as much padding as itself, or does not fit.
    pub const fn output_size(self, height: u16, width: u16) -> Option<[u16; 2]> {
        let [top, left, bottom, right] = self.padding;
        match (
            positions(height, self.kernel[0], self.stride[0], top, bottom),
            positions(width, self.kernel[1], self.stride[1], left, right),
        ) {
            (Some(rows), Some(columns)) => Some([rows, columns]),
            _ => None,
        }
    }
}

const fn positions(size: u16, kernel: u16, stride: u16, before: u16, after: u16) -> Option<u16> {
    if stride == 0 || before >= kernel || after >= kernel {
        return None;
    }
    match (size as u32 + before as u32 + after as u32).checked_sub(kernel as u32) {
        // At most 65,535 + 2 · 65,534 − 1, which a stride of one could carry past `u16`.
        Some(room) if room / (stride as u32) < u16::MAX as u32 => Some((room / stride as u32 + 1) as u16),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_counts_its_places_as_everybody_does() {
        let same = Window { kernel: [3, 3], stride: [1, 1], padding: [1; 4] };
        assert_eq!(same.output_size(32, 32), Some([32, 32]));
        let halving = Window { kernel: [3, 3], stride: [2, 2], padding: [1; 4] };
        assert_eq!(halving.output_size(32, 31), Some([16, 16]));
        let pool = Window { kernel: [2, 2], stride: [2, 2], padding: [0; 4] };
        assert_eq!(pool.output_size(5, 4), Some([2, 2]));
        let time = Window { kernel: [5, 1], stride: [2, 1], padding: [2, 0, 2, 0] };
        assert_eq!(time.output_size(192, 1), Some([96, 1]));
    }

    #[test]
    fn a_window_that_cannot_slide_is_refused() {
        let fine = Window { kernel: [3, 3], stride: [1, 1], padding: [0; 4] };
        assert_eq!(fine.output_size(2, 3), None);
        assert_eq!(Window { stride: [0, 1], ..fine }.output_size(9, 9), None);
        assert_eq!(Window { kernel: [0, 1], ..fine }.output_size(9, 9), None);
        assert_eq!(Window { padding: [3, 0, 0, 0], ..fine }.output_size(9, 9), None);
        let huge = Window { kernel: [65_535, 1], stride: [1, 1], padding: [65_534, 0, 65_534, 0] };
        assert_eq!(huge.output_size(65_535, 1), None);
    }
}
