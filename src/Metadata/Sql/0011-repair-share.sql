-- The share of its time that a volume may spend on moves and repair. Below 0.0001 nothing would ever end.
ALTER TABLE cluster
    ADD COLUMN repair_share double precision NOT NULL DEFAULT 1 CHECK (repair_share >= 0.0001 AND repair_share <= 1);
