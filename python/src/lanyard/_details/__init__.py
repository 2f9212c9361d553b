"""Authorization details (RFC 9396): read, and compared with what a request is about to do."""
