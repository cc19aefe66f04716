Console.Error.WriteLine("mrl");
return 2;
