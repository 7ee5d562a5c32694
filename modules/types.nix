# The few types that options have in common.
{ lib }:
let
  inherit (lib) mkOption types;

  day = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";

  # the end of an override: a day, or a release, whose form is the recipe's own
  end = types.strMatching "${day}|.*[^0-9-].*" // {
    description = "date (2027-03-01) or release (3.0.1+v2.0.0)";
  };
in
{
  # read by the program when the configuration is built: one grammar, in one place
  duration = types.str // {
    description = ''duration, such as "90s", "5m", "1h 30m" or "6d"'';
  };

  # the same
  size = types.either types.ints.positive types.str // {
    description = ''size, such as "20GiB" or "500MB", or a number of bytes'';
  };

  # when a timer fires, in systemd's words: one time, or several
  times = types.coercedTo types.str lib.singleton (types.listOf types.str);

  # as nonEmptyListOf: one that is left out is not an empty one, but a mistake
  nonEmptyAttrsOf =
    type:
    let
      table = types.attrsOf type;
    in
    types.addCheck table (value: value != { })
    // {
      description = "non-empty ${table.description}";
      emptyValue = { };
    };

  # what may be left unsaid
  optional =
    type: example: description:
    mkOption {
      type = types.nullOr type;
      default = null;
      inherit example description;
    };

  # what goes against the rule has a reason and an end; one without an end is warned of
  override =
    more:
    types.submodule {
      options = more // {
        reason = mkOption {
          type = types.strMatching ".*[^[:space:]].*" // {
            description = "text that says something";
          };
          example = "mail store without bound";
          description = "Why; it is shown wherever the recipe is left out or treated otherwise.";
        };
        until = mkOption {
          type = types.nullOr end;
          default = null;
          example = "2027-03-01";
          description = ''
            The last day on which it holds (in UTC), or the last release for which it
            does. After it the recipe is as any other; a month before that day, and
            as long as it is still written here after it, every report has a note.
          '';
        };
      };
    };
}
