# How much of the engine's disk a sweep may use, for a while and for good.
{ lib, ... }:
let
  own = import ./types.nix { inherit lib; };
in
{
  options.services.canon-sweep.disk = {
    minFree = own.optional own.size "20GiB" ''
      How much of the file system with Docker's volumes and images stays free, also
      when a test takes most. Asked before each test, with the most that the recipe's
      last tests took. Where there is less, old images go as
      {option}`services.canon-sweep.prune` says; where that is not enough, the recipe
      is reported as `deferred/disk` with the figures, and the run does not exit 0. If
      nobody can say how much is free, that is not enough. By default nothing is asked.
    '';

    floor = own.optional own.size "5GiB" ''
      A test under which less than this is free is ended before the disk is full: it
      is `infra`, which says nothing of the recipe, all of it is taken down, and the
      canonical stays. No test begins below it. By default a test goes on until the
      disk is full.
    '';

    budget = own.optional own.size "40GiB" ''
      The most that canonicals may retain, by the sizes of their volumes. Beyond it the
      record of what was proven is kept all the same, but not its data: the recipe is
      noted as `over-budget`, the run does not exit 0, and
      {command}`canon-sweep test --quick` is refused until the budget is raised and
      {command}`canon-sweep run --retry RECIPE` has brought the data back. Nobody
      else's data goes, unless both recipes have a `priority`.
      {command}`canon-sweep budget` says what each retains. By default there is none.
    '';

    assumedPeak = lib.mkOption {
      type = own.size;
      default = "5GiB";
      example = "10GiB";
      description = ''
        What a recipe's test is reckoned with of which none has gone through yet: the
        images that it fetches, and its volumes twice.
        {command}`canon-sweep budget` says of whom this is assumed, and assumes it of
        the data of a recipe that has no canonical yet.
      '';
    };
  };
}
