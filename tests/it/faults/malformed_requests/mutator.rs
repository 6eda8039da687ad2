//! Changes requests at random, byte by byte and piece by piece. The same seed gives the same changes.

/// What readers of HTTP, of forms, of cookies and of signatures look at.
const PIECES: [&[u8]; 28] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b"%",
    b"%00",
    b"%ff",
    b"%zz",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xe2\x80\xae",
    b"&",
    b"=",
    b";",
    b",",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Host: other\r\n",
    b"Authorization: AWS4-HMAC-SHA256 Credential=/\r\n",
    b"Cookie: msc-session=\r\n",
    b"18446744073709551616",
    b"-1",
    b"HTTP/1.1",
    b"<>\"'&{{}}",
];

pub struct Mutator(u64);

impl Mutator {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// xorshift64*.
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).expect("31 bits") % bound.max(1)
    }

    /// One of the parents, with one to four changes.
    pub fn mutant(&mut self, parents: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = parents[self.below(parents.len())].clone();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes, parents);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, parents: &[Vec<u8>]) {
        let at = self.below(bytes.len());
        let end = (at + 1 + self.below(40)).min(bytes.len());
        if at >= end {
            return bytes.extend_from_slice(PIECES[self.below(PIECES.len())]);
        }
        match self.below(8) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = u8::try_from(self.below(256)).unwrap_or_default(),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let again = bytes[at..end].repeat(1 + self.below(50));
                drop(bytes.splice(at..at, again));
            }
            5 => {
                let other = &parents[self.below(parents.len())];
                let from = self.below(other.len());
                drop(bytes.splice(at.., other[from..].iter().copied()));
            }
            _ => drop(bytes.splice(at..at, PIECES[self.below(PIECES.len())].iter().copied())),
        }
    }
}
