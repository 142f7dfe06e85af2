import { ConflictError, NotFoundError, ValidationError } from '#platform/errors';

export class RoleNotFoundError extends NotFoundError {
  constructor() {
    super('Role not found');
  }
}

export class RoleNameTakenError extends ConflictError {
  constructor() {
    super('A role with this name already exists');
  }
}

export class BuiltInRoleError extends ConflictError {
  constructor() {
    super('A built-in role cannot be changed');
  }
}

export class RoleInUseError extends ConflictError {
  constructor() {
    super('Users hold this role');
  }
}

export class LastAdminError extends ConflictError {
  constructor() {
    super('The last active admin must stay');
  }
}

export class UnknownRolesError extends ValidationError {
  constructor(names: readonly string[]) {
    super([{ field: 'roles', rule: 'not_allowed', message: `There is no role ${names.join(', ')}` }]);
  }
}

export class UnknownPermissionsError extends ValidationError {
  constructor(names: readonly string[]) {
    super([{ field: 'permissions', rule: 'not_allowed', message: `There is no permission ${names.join(', ')}` }]);
  }
}
