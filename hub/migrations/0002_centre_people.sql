-- The building, the organisation that runs it, and the people it serves.
CREATE TABLE organisation (
  id         text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  name       text NOT NULL,
  name_en    text NOT NULL
);

CREATE TABLE centre (
  id              text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  organisation_id text NOT NULL REFERENCES organisation,
  name            text NOT NULL,
  name_en         text NOT NULL,
  address         text NOT NULL,
  timezone        text NOT NULL,
  opens           time NOT NULL,
  closes          time NOT NULL CHECK (closes > opens)
);

CREATE TABLE room (
  id         text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  centre_id  text NOT NULL REFERENCES centre,
  name       text NOT NULL,
  name_en    text NOT NULL,
  type       text NOT NULL CHECK (type IN (
    'dining', 'rehabilitation', 'gym', 'reading', 'chess', 'computer', 'barber', 'massage', 'music', 'laundry',
    'counselling', 'duty', 'corridor', 'toilet', 'bath', 'changing', 'treatment', 'staff_rest')),
  -- the cell of the floor plan, counted from the upper left corner
  plan_column smallint NOT NULL,
  plan_row    smallint NOT NULL,
  plan_width  smallint NOT NULL DEFAULT 1 CHECK (plan_width > 0),
  plan_height smallint NOT NULL DEFAULT 1 CHECK (plan_height > 0)
);

CREATE TABLE senior (
  id                   text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  centre_id            text NOT NULL REFERENCES centre,
  person               uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),  -- the token that stands for her in the ledger
  name                 text NOT NULL,
  address_as           text NOT NULL,            -- 王奶奶
  address_as_en        text NOT NULL,
  born_on              date,
  categories           text[] NOT NULL DEFAULT '{}' CHECK (categories <@ ARRAY[
    'three_no', 'destitute', 'minimum_living', 'empty_nest', 'living_alone', 'bereaved_only_child',
    'orphaned_disabled', 'advanced_age', 'disabled']),
  home_address         text NOT NULL DEFAULT '',
  access_notes         text NOT NULL DEFAULT '',
  risks                text NOT NULL DEFAULT '',
  hearing              text NOT NULL DEFAULT '',
  language             text NOT NULL DEFAULT 'zh-CN',
  card_token           text UNIQUE,              -- opaque number of her card
  objects_to_being_seen boolean NOT NULL DEFAULT false
);
CREATE INDEX senior_centre ON senior (centre_id);

GRANT SELECT, INSERT, UPDATE ON organisation, centre, room, senior TO anling_hub;
GRANT SELECT ON organisation, centre, room, senior TO anling_web;
CREATE TRIGGER senior_told AFTER INSERT OR UPDATE OR DELETE ON senior
  FOR EACH ROW EXECUTE FUNCTION tell_change('senior', 'id');
