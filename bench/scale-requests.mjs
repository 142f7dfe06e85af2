// The requests whose times bench:scale follows.
import { COMMON, crowdName, RARE, UNCOMMON } from './scale-seed.mjs';

const LIMIT = 20;
const DEEPEST_CURSOR = 5_000;

const search = (terms) => `/users?search=${encodeURIComponent(terms)}`;

function finds(least, most = least) {
  return ({ pagination: { totalItems } }) => {
    if (totalItems < least || totalItems > most) throw new Error(`Found ${totalItems} instead of ${least}`);
  };
}

/** @param get answers a path's `data`, as for the cursor of a page deep in the list */
export async function scaleRequests(users, get) {
  const live = users - Math.floor((users + 47) / 100);
  const lastPage = Math.floor(live / LIMIT);
  const cursorPage = Math.min(DEEPEST_CURSOR, Math.floor(lastPage / 2));
  const { pagination } = await get(`/users?page=${cursorPage - 1}&limit=${LIMIT}`);
  return [
    { name: 'list, page 1', path: '/users', check: finds(live) },
    { name: 'by cursor, page 5,000 or half-way', path: `/users?cursor=${pagination.nextCursor}` },
    ...['createdAt', 'email', 'username', 'lastName'].flatMap((sortBy) =>
      ['asc', 'desc'].map((order) => ({
        name: `sorted by ${sortBy} ${order}`,
        path: `/users?sortBy=${sortBy}&sortOrder=${order}`,
      })),
    ),
    ...['active', 'inactive', 'suspended', 'deleted'].map((status) => ({
      name: `status ${status}`,
      path: `/users?status=${status}`,
    })),
    { name: 'exact email', path: `/users?email=${crowdName(4_242)}@example.com`, check: finds(1) },
    { name: 'exact username', path: `/users?username=${crowdName(4_242)}`, check: finds(1) },
    { name: 'the last page by number', path: `/users?page=${lastPage}` },
    { name: 'search, rare word (1)', path: search(RARE.name), check: finds(1) },
    { name: 'search, two words, one rare', path: search(`${RARE.name} example`), check: finds(1) },
    { name: `search, uncommon word (1,000)`, path: search(UNCOMMON.name), check: finds(990, 1_000) },
    { name: 'search, two words, one uncommon', path: search(`user ${UNCOMMON.name}`), check: finds(990, 1_000) },
    { name: 'search, common word (40 %)', path: search(COMMON.first), check: finds(1_000) },
    { name: 'search, two common words', path: search(`${COMMON.last} ${COMMON.first}`), check: finds(1_000) },
    { name: 'search, no hit', path: search('nowhere'), check: finds(0) },
    { name: 'search, two common letters', path: search('ar'), check: finds(1_000) },
    { name: 'search, two rare letters', path: search('zv'), check: finds(1) },
  ];
}
