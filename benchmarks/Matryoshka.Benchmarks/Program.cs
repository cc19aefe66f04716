Console.Error.WriteLine("usage: scan | encode | index | search | quality");
return 2;
