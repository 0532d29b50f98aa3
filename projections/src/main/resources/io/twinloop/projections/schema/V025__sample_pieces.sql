-- An hour of a KPI with many samples is several rows: what came first isn't written again with what
-- comes last. The rows there are become the first pieces of their hours.
ALTER TABLE kpi_sample_chunk ADD COLUMN piece INT NOT NULL DEFAULT 0;
ALTER TABLE kpi_sample_chunk DROP CONSTRAINT kpi_sample_chunk_pkey;
ALTER TABLE kpi_sample_chunk ADD PRIMARY KEY (kpi_id, hour, piece);
