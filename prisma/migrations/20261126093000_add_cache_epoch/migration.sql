-- One row, whose number every cached value carries: a value with another number is not believed.
CREATE TABLE "cache_epoch" (
    "id" SMALLINT NOT NULL DEFAULT 1,
    "value" BIGINT NOT NULL DEFAULT 1,

    CONSTRAINT "cache_epoch_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "cache_epoch_one_row" CHECK ("id" = 1)
);

INSERT INTO "cache_epoch" DEFAULT VALUES;
