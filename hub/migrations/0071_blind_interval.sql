-- The column has the field's word, as the code and the glossary have it: of the time since `since_at`, how long the hub
-- received nothing. What is stored keeps its meaning.
ALTER TABLE rule_state RENAME COLUMN deaf TO blind_interval;
