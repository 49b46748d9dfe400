-- A version carries a fingerprint only where it is proved: one chunk, or empty. What a client declared stays with the upload session.

UPDATE versions SET fingerprint = NULL WHERE content_kind = 2 AND size > 0 AND fingerprint IS NOT NULL;
