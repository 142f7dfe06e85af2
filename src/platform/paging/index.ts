export { type Cursor, CursorCodec } from './cursor-codec.js';
export { CursorPages, type PagedList } from './cursor-pages.js';
export { type Keyset, newestFirst } from './newest-first.js';
export {
  CursorField,
  CursorQuery,
  LimitField,
  PageQuery,
  type PageRequest,
  Pagination,
  toPageRequest,
} from './pagination.js';
