-- One tenant's tasks must not take all the places of a queue. Null: half of them.
ALTER TABLE queues ADD COLUMN max_pending_per_tenant int;
