//! Reads and writes what crosses the wire: SM2 keys and signatures, requests, certificates, signed records.
