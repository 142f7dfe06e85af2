import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#config';
import { ValidationError } from '#platform/errors';

/** A place in a sorted list, and the direction to read from there. */
export interface Cursor {
  readonly direction: 'next' | 'previous';
  /** The row next to the place: its sort key and id; `null` for the list's far end. */
  readonly anchor: { readonly key: string | null; readonly id: string } | null;
}

/** The message for a cursor that was forged, or made for another query. */
export const FOREIGN_CURSOR = 'cursor does not belong to this query';

const MAC_BYTES = 16;

/** Signs a cursor together with its query, so that a forged cursor or one of another query is refused. */
@Injectable()
export class CursorCodec {
  private readonly key: KeyObject;

  constructor(config: AppConfig) {
    this.key = createSecretKey(Buffer.from(hkdfSync('sha256', config.tokens.refreshSecret, '', 'list-cursor', 32)));
  }

  /** @param query the list's filters and sort; `decode()` needs the same ones */
  encode(cursor: Cursor, query: readonly unknown[]): string {
    const payload = Buffer.from(
      JSON.stringify([cursor.direction, cursor.anchor?.key ?? null, cursor.anchor?.id ?? null]),
    );
    return Buffer.concat([this.mac(payload, query), payload]).toString('base64url');
  }

  /** @throws ValidationError for a cursor that was forged, or made for another query */
  decode(text: string, query: readonly unknown[]): Cursor {
    const bytes = Buffer.from(text, 'base64url');
    const payload = bytes.subarray(MAC_BYTES);
    const mac = this.mac(payload, query);
    if (bytes.toString('base64url') !== text || bytes.length < MAC_BYTES) throw invalidCursor();
    if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), mac)) throw invalidCursor();
    const [direction, key, id] = JSON.parse(payload.toString()) as [Cursor['direction'], string | null, string | null];
    return { direction, anchor: id === null ? null : { key, id } };
  }

  private mac(payload: Buffer, query: readonly unknown[]): Buffer {
    const signed = `${JSON.stringify(query)}\n${payload.toString()}`;
    return createHmac('sha256', this.key).update(signed).digest().subarray(0, MAC_BYTES);
  }
}

function invalidCursor(): ValidationError {
  return ValidationError.ofField('cursor', 'malformed', FOREIGN_CURSOR);
}
