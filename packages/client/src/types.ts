import type {
  AcceptInvitationData,
  ChangePasswordData,
  CreateRoleData,
  CreateUserData,
  ForgotPasswordData,
  GetAuditEntryResponses,
  GetHealthResponses,
  GetKeysResponses,
  GetReadinessResponses,
  GetRoleResponses,
  GetUserPermissionsResponses,
  GetUserResponses,
  InviteUserData,
  IssuePasswordResetResponses,
  ListAuditEntriesData,
  ListPermissionsResponses,
  ListSessionsResponses,
  ListUserHistoryData,
  ListUsersData,
  ResetPasswordData,
  SetUserStatusData,
  UpdateRoleData,
  UpdateUserData,
  VerifyAuditLogResponses,
  VerifyEmailData,
} from './generated/types.gen.js';

/** What callers give: `undefined` counts as left out, also under `exactOptionalPropertyTypes`. */
type Input<Fields> = {
  [Name in keyof Fields]: Partial<Pick<Fields, Name>> extends Pick<Fields, Name>
    ? Fields[Name] | undefined
    : Fields[Name];
};

/** A query's filters; pages are the client's business. `limit` is the size of a page, 1 to 100. */
type Filters<Query> = Input<Omit<NonNullable<Query>, 'cursor' | 'page'>>;

/** The email or the username, and the password. */
export type Credentials =
  | { readonly email: string; readonly username?: never; readonly password: string }
  | { readonly username: string; readonly email?: never; readonly password: string };

export type User = GetUserResponses[200]['data']['user'];
export type NewUser = Input<CreateUserData['body']>;
export type UserChanges = Input<UpdateUserData['body']>;
export type UserFilters = Filters<ListUsersData['query']>;
export type SettableStatus = SetUserStatusData['body']['status'];
export type UserPermissions = GetUserPermissionsResponses[200]['data'];
export type Invitation = Input<InviteUserData['body']>;
export type PasswordChange = ChangePasswordData['body'];
export type IssuedPasswordReset = IssuePasswordResetResponses[201]['data'];

export type UserSession = ListSessionsResponses[200]['data']['sessions'][number];

export type Role = GetRoleResponses[200]['data']['role'];
export type NewRole = Input<CreateRoleData['body']>;
export type RoleChanges = Input<UpdateRoleData['body']>;
export type Permission = ListPermissionsResponses[200]['data']['permissions'][number];

export type AuditEntry = GetAuditEntryResponses[200]['data']['auditLog'];
export type AuditFilters = Filters<ListAuditEntriesData['query']>;
export type HistoryOptions = Filters<ListUserHistoryData['query']>;
export type AuditVerification = VerifyAuditLogResponses[200]['data'];

export type PasswordResetRequest = ForgotPasswordData['body'];
export type PasswordReset = ResetPasswordData['body'];
export type EmailVerification = VerifyEmailData['body'];
export type AcceptedInvitation = AcceptInvitationData['body'];

export type Health = GetHealthResponses[200];
export type Probe = GetReadinessResponses[200];
export type PublicKey = GetKeysResponses[200]['keys'][number];

/** A user and the version that it was read at. */
export interface VersionedUser {
  readonly user: User;
  /** For `ifMatch`. */
  readonly etag: string;
}

/** For changes of a user that must not overwrite another's. */
export interface ChangeOptions {
  /** The ETag that the user must still have; otherwise the call rejects with a `PreconditionFailedError`. */
  readonly ifMatch?: string | undefined;
}
