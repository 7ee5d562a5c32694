# How a recipe of the stories is tested, whose data is in the folder `data`, as a shell
# in its service writes it.
data: {
  probes = [
    {
      type = "http";
      port = 8080;
      path = "/";
      contains = "notes";
    }
  ];
  data.seed = [
    {
      type = "exec";
      command = [
        "sh"
        "-c"
        "echo {token} >${data}/token"
      ];
    }
  ];
  data.check = [
    {
      type = "http";
      port = 8080;
      path = "/token";
      contains = "{token}";
    }
  ];
}
