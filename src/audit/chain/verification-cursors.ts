import { Injectable } from '@nestjs/common';
import { CursorCodec } from '#platform/paging';
import type { VerificationPlace } from './audit-verification.js';

const QUERY = ['audit-verification'];

/** Signed cursors: the client carries a verification from page to page. */
@Injectable()
export class VerificationCursors {
  constructor(private readonly codec: CursorCodec) {}

  write(place: VerificationPlace): string {
    return this.codec.encode({ direction: 'next', anchor: { key: JSON.stringify(place), id: place.month } }, QUERY);
  }

  /** @throws ValidationError for a cursor that no page gave */
  read(cursor: string): VerificationPlace {
    const { anchor } = this.codec.decode(cursor, QUERY);
    return JSON.parse(anchor?.key ?? '') as VerificationPlace;
  }
}
