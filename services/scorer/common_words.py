"""Words that are frequent in a language: a real sentence holds some of them, and shuffled letters do not."""
# ruff: noqa: RUF001 - letters of other scripts are what these lists are about

from collections.abc import Mapping

COMMON_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "cs": """ale ani aby bude budete by byl byla bylo být co do ho i já jak jako je jeho její jen jsem jsme jsou
            již k kde když který která které má máme mít mne mi mě můj může můžete na nad nebo nejsou není než o
            od on ona po pod podle pokud pro proto před při s se si své svou tak také tam tedy ten tento to tu
            už v ve více však vy z za ze že velmi""",
        "da": """af alle alt at bare blev bliver da de dem den der deres det dette dig din dit du efter eller en end
            er et for fra få får gør godt han hans har havde have hende hendes her hos hun hvad hvem hver hvis
            hvor i ikke ind jeg kan kom kunne lidt man mange med meget men mig min mit må ned noget nogle nu når
            og også om op os over på sagde selv sig sin skal skulle som så til ud under var ved vi vil ville
            vores være været gennem uden mellem uge dag kun igen lille mere hele siden vand år mens gang rundt
            altid""",
        "de": """aber alle als also am an auch auf aus bei bin bis bist da dann das dass dem den der des die dies
            diese doch dort du durch ein eine einem einen einer er es für gegen habe haben hat hatte hier ich
            ihm ihn ihr ihre im immer in ins ist ja jeden jeder kann kein keine können man mehr mein meine mir
            mit muss nach nicht noch nur ob oder ohne sehr sein seine sich sie sind so über um und uns unter vom
            von vor war waren was weil wenn werden wie wir wird wo wurde zu zum zur sollte würde""",
        "en": """a about after again all also always an and any are as at be because been before but by can could did
            do does every first for from good had has have he her here him his how i if in into is it its just
            like many me more most must my no not now of often on one only or other our out over please she
            should so some than that the their them then there these they this time to too two up us usually
            very was we were what when where which while who why will with would you your""",
        "es": """a al algo antes aquí así aunque cada como con cuando cómo de del desde donde dos durante el ella
            ellos en entre era es esa ese esta este esto está están fue ha hacer hasta hay hace la las le les lo
            los me mi mis mucho muchas muchos muy más no nos o para pero poco por porque puede puedes que qué se
            ser si sin sobre son su sus sí también tan te tiene todo toda todos tu un una uno y ya yo él""",
        "fi": """ei eivät en ennen että he hyvin hän hänen ja jo joka jos jossa joita kaikki kanssa koko kuin kun
            kuten me mikä minun minä missä mitä mutta muut myös nyt ne niin noin nämä olen oli olla on ovat
            paljon se sen sinä sitten siitä sillä täytyy te tai tämä tämän tätä tässä usein vai vaan vain vielä
            voi voit yleensä yli hyvä ensin kaksi vuotta täällä""",
        "fr": """à au aux avec avant bien ce ces cet cette chez comme dans de depuis des deux dit doit du elle elles
            en est et été être eu fait il ils ici j je jusqu l la le les leur lui mais me mes moi mon même n ne
            nos notre nous on ont ou où par pas peu pendant peut plus pour pouvez pourquoi puis qu quand que qui
            s sa sans se ses si son sont sous sur ta te tes ton tout toute tous très trop tu un une vers vos
            votre vous y était""",
        "hu": """a amely az azt abban aki akik alatt amikor ami amíg azonban be benne csak de egy egyik el elég és ez
            ezt ezek fel ha hogy hogyan hol igen így is itt ki kell lehet le legtöbb majd már meg mert mi mint
            minden mindig most mit nagy nagyon nagyobb ne nekem neki nem nincs nélkül ő ők őt olyan össze pedig
            sem sok soha szerint talán után utolsó úgy vagy vagyok van vannak volt voltak""",
        "id": """ada adalah agar akan aku anda antara apa atas atau bagi bahwa banyak beberapa belum bisa bukan dalam
            dan dapat dari dengan di dia hanya harus hari ia ini itu jika juga kami karena kata ke kepada kita
            lagi lain lebih masih maka mereka mungkin namun oleh orang pada para pernah saat saja sama sampai
            sangat satu saya sebagai sebelum sebuah sedang semua seperti serta setelah setiap siapa sudah tanpa
            telah tentang tetapi tidak tiga untuk yang""",
        "it": """a al alla alle allo ai agli anche ancora avere c che chi ci come con così cosa cui da dai dal dalla
            dei del della delle dello di dopo dove due e è era essere fa fare fino gli ha hanno ho i il in io l
            la le lei li lo loro lui ma me mi mia mio molto molti ne nei nel nella non noi nostro o ogni per
            perché più poi prima può puoi qui quando quanto quella quello questa questo se sei senza si sia
            siamo solo sono sta stato su sua sul suo sulla suoi tra tu tuo tutta tutti tutto un una uno vi""",
        "nl": """aan al alle als altijd bij daar dan dat de der deze die dit dus door een eens eerst elke en er geen
            goed haar had heb hebben heeft hem het hier hij hoe hun ik in is ja je kan kon konden kun kunt maar
            me meer men met mij mijn moet naar niet nog nu of om omdat ons ook op over na te tegen ten toch toen
            tot twee u uit van veel voor waar wat we weer wel werd wie wij wil wordt worden zal ze zeer zelf
            zich zij zijn zo zoals zonder zou""",
        "no": """alle alt at av bare ble bli blir da de deg dei deira dem den denne der det dette di din du eg ein
            eit ei eller en enn er et etter for fordi fra frå få får før gjør gjennom god ha hadde han hans har
            heile hele henne hennes her hos hun ho hva hvem hver hvis hvor i ikke ikkje inn jeg kan kom korleis
            kunne kva litt lite man mange med meg meget mellom men min mitt mye mykje må mot ned noe noen nokon
            noko nå når og også om opp oss over på sa seg si sin skal skulle som så til under uke uken ut uten
            var ved vi vil ville veldig vår være vært å vere dag siden vann år mens gang rundt alltid""",
        "pl": """a aby albo ale bardzo bez być był była było by bo ci co czy dla do gdy gdzie go i ich im ja jak jako
            je jego jej jest jestem już jeśli każdy każdego kiedy która które który którzy ku lub ma mam mi mnie
            mogę może można mój musi na nad nam nas nie niej nich nim niż o od on ona one oni oraz po pod przed
            przez przy się są ta tak także tam te tego tej ten też to tu tutaj tych tylko tym w we więc wiele
            wszystko z za ze że żeby""",
        "pt": """a à ainda ao aos antes as às até com como cada da das de dela dele depois do dois dos duas durante e
            é ela ele eles em entre era essa esse esta está este eu foi há isso já lhe mais mas me mesmo meu
            minha muita muito muitas muitos na nas nem no nos nossa nosso num numa não nós o onde os ou para
            pela pelo per por porque pode pouco qual quando que quem se seja sem ser seu seus só sobre sua suas
            são também te tem ter toda todo todas todos um uma você vai""",
        "ro": """a ai al ale am ar are aș asta au avea bine ca că care când cât ce cea cei cel cele cu cum da dar de
            decât deci din doar după e ea ei el ele era este eu eram fără fi fie fost foarte iar îi îl în într
            înainte își la le lor lui mai mâine mea meu mi mult multe mulți ne nici nimic noastre noi nostru nu
            o or ori pe pentru peste poate prea prin puteți sa sale sau să se și si sunt sub sus te toate toată
            tot trebuie tu un una unde unei unui va vă vom vor""",
        "sv": """alla allt att av bara blev bli blir de dem den denna deras dess det detta dig din ditt du där då
            efter eller en er ett från få får före för genom gör ha hade han hans har hela henne hennes här hon
            hos hur i icke in ingen inom inte jag ju kan kom kunde lite man med mellan men mer mig min mina mitt
            mot mycket många måste ned ni nu någon något när och också om oss på redan sa sade sedan sig sin
            sina ska skall skulle som så till under upp ut utan vad var vara varit varje ved vem vi vid vilken
            vill än är åt över""",
        "sw": """ambao ambayo baada bila cha chake huu hii hiyo hiki hizo hapa hapo hivyo ili ingawa jinsi juu kabla
            kama karibu kati katika kila kisha kuhusu kupitia kutoka kuwa kwa kwamba kwanza kwenye la lakini
            lake lazima leo mara mmoja mbili moja mwaka mwingine na nani ndani ni nini pamoja pia sana sasa si
            tu vya vile wa wake wako wakati wao watu wengi wote ya yake yao yeye yangu za zake zote hadi""",
        "tr": """ama ancak artık az bana bazı başka ben beni benim bile bir biraz birçok biz bizim bize bu buna bunu
            bunun çok çünkü çoğu da daha de değil diye dört en gibi göre hem hep her hiç için ile iki ise kadar
            kez ki kim mi mu mı nasıl ne neden o olan olarak olur olduğu on ona onu onun onlar sadece sen senin
            siz sizin sonra şey şu tüm üç üzerinde üzerine var ve veya ya yok zaman önce""",
        "vi": """anh bạn bị bởi bà các cái cần cho chỉ chị chúng có cô con của cũng dài do đã đang đây để đến đi đó
            được em gì hai hãy hay họ hơn khi không là lại làm lên lúc mà mình một mỗi mới này nên nếu ngày
            người nhà nhất như nhưng những nó nói ở ông phải qua ra rất rồi sau sẽ tại theo thì thể tôi trên
            trong từ và vào về vẫn vì với vậy xin""",
        "ru": """а без бы был была были было быть в вам вас весь во вот все всё всех вы где да для до его ей ему если
            есть ещё же за и из или им их к как когда который которая которые кто ли лучше меня мне много может
            можно мой моя мы на над надо нам нас не него нет ни них но ну нужно о об обычно он она они от очень
            перед по под после при с свой себя со так там тебя то только тоже у уже чем что чтобы эта это этот я""",
        "uk": """а але без би був була були було бути в вам вас від він вона вони все всі ви де для до з за зі його
            її їх коли котрий краще лише мене мені ми може можна на над нам нас не нього ні нема о об один
            оскільки перед під після по про при саме свій себе собі та так також там те тільки то треба у уже
            хто це цей ця чи що щоб як який яка які якщо є і й я ще дуже тут буде ніж часто сьогодні рік""",
    }.items()
}
