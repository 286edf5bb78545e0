//! How much of a stranger's file is taken.

/// Bounds of what is read. A file beyond one of them is refused, never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a CSV file, which is read as it comes.
    pub octets: u64,
    /// Octets of everything a workbook unpacks to.
    pub unpacked: u64,
    /// How many times larger than the packed workbook its contents may be.
    pub ratio: u64,
    /// Texts that a workbook keeps beside its sheets; each costs memory whether a cell uses it or not.
    pub texts: u64,
    /// Octets of all of them as they are written there.
    pub text_octets: u64,
    /// Rows, the heading included.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// Characters of a cell; Excel's own limit.
    pub cell: usize,
}

impl Limits {
    /// What an office sends in one go: 100,000 rows.
    pub const OFFICE: Self = Self {
        octets: 64 << 20,
        unpacked: 64 << 20,
        ratio: 100,
        texts: 2_000_000,
        text_octets: 64 << 20,
        rows: 100_001,
        columns: 64,
        cell: 32_767,
    };

    /// The inventory of an authority: ten million rows of CSV, or what a workbook can hold.
    pub const INVENTORY: Self = Self {
        octets: 64 << 30,
        unpacked: 512 << 20,
        ratio: 100,
        texts: 2_000_000,
        text_octets: 96 << 20,
        rows: 10_000_001,
        columns: 256,
        cell: 32_767,
    };
}
