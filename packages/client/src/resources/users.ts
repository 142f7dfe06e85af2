import { type Api, contentOf, idempotencyKey, memberOf } from '../api.js';
import { UnexpectedResponseError } from '../errors.js';
import {
  changePassword,
  createUser,
  deleteUser,
  getUser,
  getUserPermissions,
  inviteUser,
  issuePasswordReset,
  listUsers,
  markEmailVerified,
  restoreUser,
  sendVerificationEmail,
  setUserRoles,
  setUserStatus,
  updateUser,
} from '../generated/sdk.gen.js';
import { paged } from '../paging.js';
import type {
  ChangeOptions,
  Invitation,
  IssuedPasswordReset,
  NewUser,
  PasswordChange,
  SettableStatus,
  User,
  UserChanges,
  UserFilters,
  UserPermissions,
  VersionedUser,
} from '../types.js';

/** Users. An `id` is a user's UUID, or `me`. */
export class Users {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Registers a user. It does not log in. @throws ConflictError where the email or the username is taken */
  async create(user: NewUser): Promise<User> {
    return memberOf(await createUser({ ...this.api.session, body: user, headers: idempotencyKey() }), 'user');
  }

  /** Reads a user. @throws NotFoundError */
  async get(id: string): Promise<User> {
    return (await this.getWithETag(id)).user;
  }

  /** Reads a user with its ETag, which changes take as `ifMatch`. @throws NotFoundError */
  async getWithETag(id: string): Promise<VersionedUser> {
    const result = await getUser({ ...this.api.session, path: { id } });
    const etag = result.response.headers.get('etag');
    if (etag === null) throw new UnexpectedResponseError('The answer has no ETag', result.response.status);
    return { user: memberOf(result, 'user'), etag };
  }

  /**
   * Lists users, by default the newest first. Each page is requested when its first user is
   * read.
   *
   * @param filters `limit` is the size of a page, 100 by default
   */
  list(filters: UserFilters = {}): AsyncGenerator<User, void, undefined> {
    return paged('users', (cursor) =>
      listUsers({ ...this.api.session, query: { ...filters, limit: filters.limit ?? 100, cursor } }),
    );
  }

  /**
   * Changes a user; `null` clears a field. A new email of one's own needs `currentPassword`.
   *
   * @throws PreconditionFailedError where the user no longer has the ETag `ifMatch`
   */
  async update(id: string, changes: UserChanges, options: ChangeOptions = {}): Promise<User> {
    return memberOf(
      await updateUser({ ...this.api.session, path: { id }, body: changes, headers: changeHeaders(options) }),
      'user',
    );
  }

  /** Deletes a user, who can be restored. Ends every session of the user. */
  async delete(id: string, options: ChangeOptions = {}): Promise<void> {
    await deleteUser({ ...this.api.session, path: { id }, headers: changeHeaders(options) });
  }

  /** Restores a deleted user. @throws ConflictError where it is not deleted, or its email or username is taken */
  async restore(id: string): Promise<User> {
    return memberOf(await restoreUser({ ...this.api.session, path: { id }, headers: idempotencyKey() }), 'user');
  }

  /**
   * Sets a user's status. Leaving `active` ends every session of the user.
   *
   * @param options `reason` is kept in the audit log
   */
  async setStatus(
    id: string,
    status: SettableStatus,
    { reason, ...options }: ChangeOptions & { readonly reason?: string | undefined } = {},
  ): Promise<User> {
    const body = { status, ...(reason === undefined ? {} : { reason }) };
    return memberOf(
      await setUserStatus({ ...this.api.session, path: { id }, body, headers: changeHeaders(options) }),
      'user',
    );
  }

  /** Sets the roles of a user. Every user has the role `user`, named or not. */
  async setRoles(id: string, roles: readonly string[], options: ChangeOptions = {}): Promise<User> {
    const body = { roles: [...roles] };
    return memberOf(
      await setUserRoles({ ...this.api.session, path: { id }, body, headers: changeHeaders(options) }),
      'user',
    );
  }

  /** Reads the roles of a user, and the permissions that these have together. */
  async permissions(id: string): Promise<UserPermissions> {
    return contentOf(await getUserPermissions({ ...this.api.session, path: { id } }));
  }

  /** Changes one's own password. Ends one's other sessions. @throws UnauthorizedError with the reason `wrong_current_password` */
  async changePassword(id: string, passwords: PasswordChange): Promise<void> {
    await changePassword({ ...this.api.session, path: { id }, body: passwords });
  }

  /** Issues a token by which a user who forgot the password sets another one, at `auth.resetPassword()`. */
  async issuePasswordReset(id: string): Promise<IssuedPasswordReset> {
    return contentOf(await issuePasswordReset({ ...this.api.session, path: { id } }));
  }

  /** Marks another user's email as verified. */
  async markEmailVerified(id: string, options: ChangeOptions = {}): Promise<User> {
    return memberOf(
      await markEmailVerified({ ...this.api.session, path: { id }, headers: changeHeaders(options) }),
      'user',
    );
  }

  /** Mails a user a link that verifies the email. @throws ConflictError where it is verified */
  async sendVerificationEmail(id: string): Promise<void> {
    await sendVerificationEmail({ ...this.api.session, path: { id }, headers: idempotencyKey() });
  }

  /** Creates a user without a password and mails a link by which the user chooses one. */
  async invite(invitation: Invitation): Promise<User> {
    return memberOf(await inviteUser({ ...this.api.session, body: invitation, headers: idempotencyKey() }), 'user');
  }
}

function changeHeaders({ ifMatch }: ChangeOptions) {
  return { ...idempotencyKey(), ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }) };
}
