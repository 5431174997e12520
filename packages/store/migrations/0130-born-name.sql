-- The name that an execution was born with, from the first time that it gets another one: its code goes on
-- seeing that in every replay. JSON, for it may have had none; SQL NULL as long as `name` is the first.
ALTER TABLE execution ADD COLUMN born_name json;
