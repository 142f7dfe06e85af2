import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Prisma, PrismaService } from '#platform/database';

/** How long (hours) an answer is kept. */
const KEPT_HOURS = 24;
/** After this long (seconds) without an answer, the process that served the request is taken to have died. */
const CLAIM_SECONDS = 30;

/** What tells a request from others: hashes, so that the table names no key and holds no request. */
export interface RequestIdentity {
  readonly key: Uint8Array<ArrayBuffer>;
  readonly fingerprint: Uint8Array<ArrayBuffer>;
}

/** The right to store the answer of a request. */
export interface Claim {
  readonly key: Uint8Array<ArrayBuffer>;
  readonly claimId: string;
}

export interface StoredAnswer {
  readonly status: number;
  readonly body: string | null;
  readonly etag: string | null;
  readonly location: string | null;
}

/** What is known of an earlier request with the same key; without an answer, it is still being served. */
export interface EarlierRequest {
  readonly fingerprint: Uint8Array;
  readonly answer: StoredAnswer | undefined;
}

/** The table of answers to requests with an Idempotency-Key. */
@Injectable()
export class IdempotentAnswersRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** @returns `undefined` when an earlier request has the key */
  async claim({ key, fingerprint }: RequestIdentity): Promise<Claim | undefined> {
    const claimId = randomUUID();
    const claimed = await this.prisma.$executeRaw`
      INSERT INTO idempotent_answers AS earlier (key, fingerprint, claim_id, claimed_at, expires_at)
      VALUES (${key}, ${fingerprint}, ${claimId}::uuid, now(), now() + ${KEPT_HOURS} * interval '1 hour')
      ON CONFLICT (key) DO UPDATE SET
        fingerprint = EXCLUDED.fingerprint, claim_id = EXCLUDED.claim_id, claimed_at = EXCLUDED.claimed_at,
        expires_at = EXCLUDED.expires_at, status = NULL, body = NULL, etag = NULL, location = NULL
      WHERE earlier.expires_at <= now()
        OR earlier.status IS NULL AND earlier.claimed_at < now() - ${CLAIM_SECONDS} * interval '1 second'`;
    return claimed === 0 ? undefined : { key, claimId };
  }

  /** @returns `undefined` when the key has become free */
  async find({ key }: RequestIdentity): Promise<EarlierRequest | undefined> {
    const row = await this.prisma.idempotentAnswer.findUnique({ where: { key } });
    if (row === null) return undefined;
    const { fingerprint, status, body, etag, location } = row;
    return { fingerprint, answer: status === null ? undefined : { status, body, etag, location } };
  }

  /** @returns whether the claim was still good */
  async store({ key, claimId }: Claim, answer: StoredAnswer, db: Prisma.TransactionClient = this.prisma) {
    const { count } = await db.idempotentAnswer.updateMany({ where: { key, claimId, status: null }, data: answer });
    return count > 0;
  }

  /** Frees the key for another try. */
  async release({ key, claimId }: Claim): Promise<void> {
    await this.prisma.idempotentAnswer.deleteMany({ where: { key, claimId, status: null } });
  }

  /** @returns the number of deleted rows */
  async deleteExpired(limit: number): Promise<number> {
    return this.prisma.$executeRaw`
      DELETE FROM idempotent_answers WHERE key IN (
        SELECT key FROM idempotent_answers WHERE expires_at <= now() ORDER BY expires_at LIMIT ${limit}
        FOR UPDATE SKIP LOCKED)`;
  }
}
