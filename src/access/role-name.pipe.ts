import { Injectable, type PipeTransform } from '@nestjs/common';
import { ValidationError } from '#platform/errors';
import { roleNameRule } from './dto/role-fields.js';

/** The `:name` of a path. */
@Injectable()
export class RoleNamePipe implements PipeTransform<string, string> {
  /** @throws ValidationError for what names no role */
  transform(name: string): string {
    const fault = roleNameRule(name);
    if (fault !== undefined) throw ValidationError.of('name', fault);
    return name;
  }
}
