//! Reports of fabricated records: what people read, held fast by snapshots, and what must hold of any record.

mod html;
mod sample;
mod text;
